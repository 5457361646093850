# Licences

What is linked into the binary, and under which licence. Made from the sources of
the modules; `.ci/run` fails when it no longer fits, or when a licence is not one
of Apache-2.0, BSD-2-Clause, BSD-3-Clause, ISC and MIT.

| package | version | licence |
|---|---|---|
{{ range . }}| {{ .Name }} | {{ .Version }} | {{ .LicenseName }} |
{{ end }}
