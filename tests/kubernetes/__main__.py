"""Validates deploy/kubernetes against the schemas of those who will read it. Run by `make check-kubernetes`.

Kubernetes' own kinds by its JSON schemas (kubernetes-validate), those of CloudNativePG and prometheus-operator by their
custom resource definitions (their Go modules carry them), Strimzi's by its classes (Strimzi.java). Fields that a schema
does not know are errors: an API server would drop them without a word.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from kalimaya.generated import ROOT
from tests.support import kustomized

HERE = Path(__file__).parent
LIBS = ROOT / "build/strimzi"
DEFINITIONS = {
    "github.com/cloudnative-pg/cloudnative-pg": "config/crd/bases",
    "github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
}


def rendered() -> list[dict[str, Any]]:
    """What `kubectl apply` would send."""
    said = _run("kubectl", "kustomize", str(ROOT / "deploy/kubernetes"))
    return list(yaml.load_all(said, Loader=yaml.CSafeLoader))


def wrong_in(document: dict[str, Any], definitions: dict[tuple[str, str], Any]) -> Iterator[str]:
    """Everything that is wrong with a resource; Strimzi's are judged elsewhere."""
    group = (document["apiVersion"], document["kind"])
    try:
        if group in definitions:
            # Not validate(), which judges the schema first: some of its patterns are Go's and not Python's.
            jsonschema.Draft202012Validator(definitions[group]).validate(document)
        elif not document["apiVersion"].startswith("kafka.strimzi.io/"):
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        yield f"{'.'.join(map(str, error.path))}: {error.message[:300]}"
    except kubernetes_validate.SchemaNotFoundError as error:
        yield str(error)


class _Loader(yaml.CSafeLoader):
    """Takes a lone `=` for what it is elsewhere, a string."""


_Loader.add_constructor("tag:yaml.org,2002:value", _Loader.construct_scalar)


def definitions(kinds: Iterable[str]) -> dict[tuple[str, str], Any]:
    """The schemas of custom resources, by apiVersion and kind, closed against fields that they do not name."""
    found = {}
    for module, folder in DEFINITIONS.items():
        told = json.loads(_run("go", "mod", "download", "-json", module))
        paths = [Path(told["Dir"], folder).glob(f"*_{kind.lower()}s.yaml") for kind in kinds]
        for path in chain.from_iterable(paths):
            definition = yaml.load(path.read_text(), Loader=_Loader)
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return found


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_:
        closed["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed


def strimzi(documents: list[dict[str, Any]]) -> int:
    """The exit code of Strimzi's own classes reading these."""
    if not LIBS.exists():
        _run(
            "mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={LIBS}"
        )
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.dump_all(documents, file, Dumper=yaml.CSafeDumper)
        file.flush()
        command = ["java", "-cp", f"{LIBS}/*", str(HERE / "Strimzi.java"), file.name]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def _in_any_order(value: Any) -> Any:
    match value:
        case dict():
            return {name: _in_any_order(each) for name, each in value.items()}
        case list():
            return sorted(map(_in_any_order, value), key=lambda each: json.dumps(each, sort_keys=True))
        case _:
            return value


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=HERE, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()[-1500:]}")
    return done.stdout


def main() -> int:
    """Say what is wrong; the exit code."""
    documents, wrong = rendered(), 0
    if _in_any_order(documents) != _in_any_order(kustomized.rendered()):
        sys.exit("kubectl's resources are not those that the tests look at (tests/support/kustomized.py)")
    kinds = Counter(document["kind"] for document in documents)
    known = definitions(kinds)
    for document in documents:
        for each in wrong_in(document, known):
            wrong += 1
            print(f"{document['kind']}/{document['metadata']['name']}: {each}")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    of_strimzi = strimzi(documents)
    print(f"{len(documents)} resources, {wrong} of them wrong by Kubernetes' or an operator's schema")
    return 1 if wrong or of_strimzi else 0


if __name__ == "__main__":
    sys.exit(main())
