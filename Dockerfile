# syntax=docker/dockerfile:1
# A static binary and the certificates of public authorities, nothing else: no
# base image, no shell, a user without rights. docs/security.md says how a
# release names GO_IMAGE by its digest.

ARG GO_IMAGE=golang:1.26.8
FROM ${GO_IMAGE} AS build
ENV CGO_ENABLED=0 GOTOOLCHAIN=go1.26.8 GOFLAGS=-buildvcs=false
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && go mod verify
COPY . .
ARG VERSION=
RUN go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /tilsyn ./cmd/tilsyn

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /tilsyn /tilsyn
EXPOSE 8090
USER 65532:65532
ENTRYPOINT ["/tilsyn"]
CMD ["serve"]
