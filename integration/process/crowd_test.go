package process

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	psutil "github.com/shirou/gopsutil/v4/process"
)

// alone is how a service runs whose FHIR server is down: its doors are open.
var alone = []string{"serve", "--listen", "127.0.0.1:0", "--operator.listen", "127.0.0.1:0", "--fhir.base_url", "http://127.0.0.1:1/fhir"}

// resident is the memory that a process takes, in bytes.
func resident(t *testing.T, p *process) uint64 {
	t.Helper()
	running, err := psutil.NewProcess(int32(p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	memory, err := running.MemoryInfo()
	if err != nil {
		t.Fatal(err)
	}
	return memory.RSS
}

// flood opens connections on which nothing more happens, and asks for a page among
// them now and then.
func flood(t *testing.T, n int, to string, pages ...string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for i := range n {
		conn, err := net.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if i%(n/10) != 0 {
			continue
		}
		for _, page := range pages {
			if status, _ := ask(t, c, page); status != http.StatusOK {
				t.Errorf("%s after %d connections: %d", page, i, status)
			}
		}
	}
}

func ask(t *testing.T, c *http.Client, url string) (status int, header http.Header) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header
}

// Ten thousand connections on which nothing happens cost no more than those that
// are let in, and the pages go on answering.
func TestTenThousandIdleConnections(t *testing.T) {
	p := start(t, nil, alone...)
	listen, operator := await(t, &p.logs, `"listen":"`), await(t, &p.logs, `"operator":"`)
	before := resident(t, p)
	flood(t, 10_000, listen, "http://"+listen+"/livez", "http://"+operator+"/status")
	grown := float64(resident(t, p)-before) / (1 << 20)
	t.Logf("%.0f MiB more than the %d MiB before", grown, before>>20)
	if grown > 200 { // without a limit it is 240; the race detector takes five times of either
		t.Errorf("%.0f MiB more", grown)
	}
	if n := strings.Count(p.logs.String(), "too many connections"); n != 1 {
		t.Errorf("told %d times", n)
	}
	flood(t, 1000, operator, "http://"+listen+"/livez", "http://"+operator+"/status")
	p.end(t)
}

// With few descriptors the doors are as narrow.
func TestFewDescriptors(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("no shell to set the limit with")
	}
	p := startWith(t, 200, alone...)
	listen, operator := await(t, &p.logs, `"listen":"`), await(t, &p.logs, `"operator":"`)
	flood(t, 1000, listen, "http://"+listen+"/livez", "http://"+operator+"/status")
	flood(t, 1000, operator, "http://"+listen+"/livez", "http://"+operator+"/status")
	if !strings.Contains(p.logs.String(), "too many connections") {
		t.Errorf("not a line:\n%s", tail(p.logs.String()))
	}
	p.end(t)
}
