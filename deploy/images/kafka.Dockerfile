# Apache Kafka for tests and compose where the official image cannot be had. It takes the part of that image's interface
# which we use: settings as KAFKA_<NAME>, CLUSTER_ID, and the two scripts in /opt/kafka/bin.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS jars
WORKDIR /build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends maven \
 && rm -rf /var/lib/apt/lists/*
COPY deploy/embedded/pom.xml .
RUN mvn --batch-mode --quiet dependency:copy-dependencies -DoutputDirectory=/libs -DincludeScope=runtime

FROM ${BASE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin appuser \
 && install --directory --owner=appuser /var/lib/kafka/data /etc/kafka
COPY --from=jars /libs /opt/kafka/libs
COPY deploy/embedded/log4j2.yaml /opt/kafka/config/log4j2.yaml
COPY deploy/images/kafka /opt/kafka/bin
USER 1000
VOLUME /var/lib/kafka/data
CMD ["/opt/kafka/bin/run"]
