package fhir_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

const limit = 16 << 20 // bytes of one answer

// blanks writes a resource that is n bytes long.
func blanks(w io.Writer, n int) {
	head, tail := `{"resourceType":"Task","id":"1"`, `}`
	io.WriteString(w, head)
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for n -= len(head) + len(tail); n > 0; n -= len(chunk) {
		if _, err := w.Write(chunk[:min(n, len(chunk))]); err != nil {
			return // the reader has had enough
		}
	}
	io.WriteString(w, tail)
}

func TestALargeBodyIsReadAndOneOverTheLimitIsNot(t *testing.T) {
	for _, tt := range []struct {
		size int
		ok   bool
	}{{8 << 20, true}, {limit + 1, false}} {
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { blanks(w, tt.size) }))
		if _, err := c.Read(t.Context(), "Task/1"); (err == nil) != tt.ok {
			t.Errorf("%d bytes: %v", tt.size, err)
		}
	}
}

func TestAGzipBombIsNotUnpacked(t *testing.T) {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	blanks(z, 1<<20)
	z.Close()
	bomb := bytes.Repeat(member.Bytes(), 1024) // gzip members in a row are one stream: 1 GiB
	for _, status := range []int{200, 500} {
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
			_, _ = w.Write(bomb)
		}))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := c.Read(t.Context(), "Task/1")
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%d: 1 GiB was read", status)
		}
		// Growing a slice up to the limit allocates about five times as much.
		if got := after.TotalAlloc - before.TotalAlloc; got > 8*limit {
			t.Errorf("%d: %d MiB were allocated", status, got>>20)
		}
	}
}

func TestHalfAnAnswerIsNoAnswer(t *testing.T) {
	whole := page("", task("1"))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, whole)
	z.Close()
	half := packed.String()[:packed.Len()-9]
	for name, answer := range map[string]string{
		"shorter than announced":  fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(whole)+1, whole),
		"a chunk is missing":      fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(whole), whole),
		"cut with the connection": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + whole[:len(whole)-1],
		"half a gzip stream":      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + half,
		"gzip that is none":       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + whole,
		"reset before the answer": "",
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, fhir.Options{BaseURL: "http://" + speaking(t, answer)})
			found, err := c.Search(t.Context(), "Task")
			if err == nil || len(found) != 0 {
				t.Errorf("%d resources, error %v", len(found), err)
			}
			if fhir.IsRefused(err) || fhir.IsConflict(err) || fhir.IsGone(err) {
				t.Error("a broken connection says nothing about the resource")
			}
		})
	}
}

func TestNonsenseInASuccessIsAnErrorThatQuotesNothing(t *testing.T) {
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for name, body := range map[string]string{
		"invalid UTF-8": "{\"resourceType\":\"Task\",\"id\":\"" + idCanary + "\xff\"}",
		"20,000 levels": `{"resourceType":"Task","x":` + deep + `}`,
		"not JSON":      idCanary,
	} {
		_, err := connect(t, always(200, body)).Read(t.Context(), "Task/1")
		if err == nil {
			t.Errorf("%s was read", name)
		}
		silentAbout(t, err, idCanary)
	}
}

func TestNonsenseInAFailureIsStillThatFailure(t *testing.T) {
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for name, body := range map[string]string{
		"20,000 levels": `{"issue":` + deep + `}`, "invalid UTF-8": "{\"issue\":[{\"severity\":\"error\",\"code\":\"\xff\"}]}", "a page for people": "<html>", "nothing": "",
		"issues that are none": `{"issue":"x"}`, "codes that are none": `{"issue":[{"severity":"error","code":{"a":1},"expression":"Task","extension":5}]}`,
	} {
		err := failing(t, 422, body)
		if !fhir.IsRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A body that overflows the stack cannot be recovered from: it ends the whole
// process, and so is tried in one of its own.
func TestADeeplyNestedFailureDoesNotEndTheProcess(t *testing.T) {
	const role = "TILSYN_TEST_DEEP_FAILURE"
	if os.Getenv(role) != "" {
		err := failing(t, 500, strings.Repeat("[", limit/4)) // a level takes about 100 bytes of stack
		if err == nil || !strings.Contains(err.Error(), "500") {
			t.Errorf("got %v", err)
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), role+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the process ended with %v: %.200s", err, out)
	}
}
