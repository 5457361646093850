# syntax=docker/dockerfile:1
# A static binary in an image without a shell, run by a user without rights.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /tilsyn ./cmd/tilsyn

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /tilsyn /tilsyn
EXPOSE 8090
USER nonroot:nonroot
ENTRYPOINT ["/tilsyn"]
CMD ["serve"]
