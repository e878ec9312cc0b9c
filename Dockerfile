# Touchstone: the program, the libraries that it is linked with, and the files of the suite. Nothing else is in it.
#   docker build -t touchstone .
#   mkdir -p reports
#   docker run --rm --user "$(id -u)" -v "$PWD/reports:/work/reports" touchstone run
# Without a registry: `deploy/image touchstone` makes the same image from what is installed here.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN deploy/image touchstone --files /image

FROM scratch
COPY --from=build /image /
USER 65532:65532
WORKDIR /work
EXPOSE 8443
ENTRYPOINT ["/touchstone"]
CMD ["--help"]
