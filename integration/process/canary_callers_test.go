package process

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// callers call the hook and the pages with markers wherever there is room.
func (c *canary) callers() {
	c.Helper()
	for _, m := range markers() {
		path, word := url.PathEscape(m), strings.ReplaceAll(url.QueryEscape(m), "+", "-")
		mark := http.Header{"Content-Type": {"application/json"}, "X-" + letters(m): {m}, "User-Agent": {m}, "Referer": {m}, "Cookie": {word + "=" + word}}
		for _, at := range []string{"/hooks/fhir/Encounter/" + path, "/hooks/fhir/Encounter/" + letters(m), "/hooks/fhir/Patient/" + path, "/hooks/fhir//" + path + "/../x",
			"/hooks/fhir?patient=" + path, "/" + path, "//" + path, "/status/" + path, "/readyz?" + path, "/livez/../" + path, "/hooks/" + path + "/"} {
			for _, body := range []string{"", `{"resourceType":"Encounter","id":` + quoted(m) + `}`, m, `{"` + m, strings.Repeat(`[`, 100) + quoted(m)} {
				c.call(http.MethodPost, at, body, mark)
			}
			c.call(http.MethodPut, at, quoted(m), http.Header{"Content-Type": {m}})
			c.call(http.MethodPost, at, quoted(m), http.Header{"Authorization": {"Bearer " + m}})
			c.call(http.MethodGet, at, "", mark)
			c.call(strings.ToUpper(letters(m)), at, "", mark)
		}
		for _, raw := range wiresIn(m) {
			c.wire(c.listen, raw)
			c.wire(c.operator, raw)
		}
	}
}

// wiresIn are requests that are no HTTP, or hardly.
func wiresIn(m string) []string {
	return []string{
		m + "\r\n\r\n", "GET " + m + " HTTP/1.1\r\n\r\n", "GET / HTTP/" + m + "\r\n\r\n", m + " / HTTP/1.1\r\nHost: " + m + "\r\n\r\n",
		"POST /hooks/fhir HTTP/1.1\r\nHost: x\r\n" + m + "\r\n\r\n", "POST /hooks/fhir HTTP/1.1\r\nHost: x\r\nContent-Length: " + m + "\r\n\r\n",
		"POST /hooks/fhir HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + m + "\r\n\r\n", "POST /hooks/fhir HTTP/1.1\r\nHost: x\r\nExpect: " + m + "\r\n\r\n",
		"GET /status HTTP/1.1\r\nHost: x\r\n(" + m + "): x\r\n\r\n", "GET /metrics?name[]=" + letters(m) + " HTTP/1.1\r\nHost: x\r\nAccept: " + m + "\r\nConnection: close\r\n\r\n",
		"CONNECT " + letters(m) + ":1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://" + letters(m) + "/" + letters(m) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
	}
}

// wire sends raw bytes and keeps what comes back.
func (c *canary) wire(address, raw string) {
	c.Helper()
	conn, err := net.Dial("tcp", address)
	c.must(err)
	defer conn.Close()
	_, err = io.WriteString(conn, raw)
	c.must(err)
	c.must(conn.(*net.TCPConn).CloseWrite())
	all, _ := io.ReadAll(bufio.NewReader(conn)) // it may break off
	fmt.Fprintf(c.of("a raw call"), "%s\n", all)
}
