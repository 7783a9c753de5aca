// Reads Strimzi's resources from a file of YAML documents as its operator does, and names every field that it does not
// know or cannot take. Strimzi's artifacts hold no JSON schema, but the classes that its schemas are made from.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.strimzi.api.kafka.model.common.UnknownPropertyPreserving;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.File;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;

public class Strimzi {
    static final Map<String, Class<?>> KINDS =
        Map.of("Kafka", Kafka.class, "KafkaNodePool", KafkaNodePool.class, "KafkaTopic", KafkaTopic.class, "KafkaUser", KafkaUser.class);
    static int read, wrong;

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper(new YAMLFactory());
        var documents = mapper.readerFor(JsonNode.class).<JsonNode>readValues(new File(arguments[0]));
        while (documents.hasNext()) {
            JsonNode document = documents.next();
            Class<?> kind = KINDS.get(document.path("kind").asText());
            if (kind == null || !document.path("apiVersion").asText().startsWith("kafka.strimzi.io/")) continue;
            String name = document.path("kind").asText() + "/" + document.at("/metadata/name").asText();
            read++;
            try {
                unknown(name, mapper.treeToValue(document, kind));
            } catch (com.fasterxml.jackson.core.JsonProcessingException error) {
                complain(name, error.getOriginalMessage());
            }
        }
        System.out.println(read + " resources of Strimzi, " + wrong + " things wrong");
        System.exit(read == 0 || wrong > 0 ? 1 : 0);
    }

    static void unknown(String where, Object value) throws Exception {
        if (value instanceof Collection<?> many) for (Object each : many) unknown(where, each);
        if (!(value instanceof UnknownPropertyPreserving preserving)) return;
        for (String field : preserving.getAdditionalProperties().keySet()) complain(where, "no field " + field);
        for (Method method : value.getClass().getMethods()) {
            String name = method.getName();
            if (name.startsWith("get") && name.length() > 3 && method.getParameterCount() == 0
                && !name.equals("getAdditionalProperties") && !name.equals("getClass"))
                unknown(where + "." + Character.toLowerCase(name.charAt(3)) + name.substring(4), method.invoke(value));
        }
    }

    static void complain(String where, String what) {
        wrong++;
        System.out.println(where + ": " + what);
    }
}
