# Prometheus for compose where the official image cannot be had: Debian's program, without the service around it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS package
WORKDIR /package
RUN apt-get update \
 && apt-get download prometheus \
 && dpkg-deb --extract prometheus_*.deb .

FROM ${BASE}
COPY --from=package /package/usr/bin/prometheus /package/usr/bin/promtool /bin/
RUN install --directory --owner=65534 --group=65534 /prometheus
USER 65534
WORKDIR /prometheus
VOLUME /prometheus
ENTRYPOINT ["/bin/prometheus"]
