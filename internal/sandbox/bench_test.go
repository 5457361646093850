package sandbox

import (
	"fmt"
	"testing"
)

// stays fills a server with n encounters of n patients, and a task for each.
func stays(b *testing.B, n int) client {
	c := newClient(b)
	for i := range n {
		p := fmt.Sprintf("p%d", i)
		c.put("/Patient/"+p, `{"resourceType":"Patient","id":"`+p+`"}`)
		c.put("/Encounter/e"+p, encounter("e"+p, p, `,"identifier":[{"system":"http://s","value":"`+p+`"}]`))
		c.put("/Task/t"+p, `{"resourceType":"Task","id":"t`+p+`","status":"requested","intent":"order","encounter":{"reference":"Encounter/e`+p+`"}}`)
	}
	return c
}

// The cost of a search must follow what it finds, not what the server holds.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		c := stays(b, n)
		latest := c.get(fmt.Sprintf("/Encounter/ep%d", n-10)).Get("meta.lastUpdated").Str
		for name, query := range map[string]string{
			"encounter": "/Task?encounter=ep500", "stay": "/Encounter?_id=ep500&_include=Encounter:patient&_revinclude=Task:encounter",
			"identifier": "/Encounter?identifier=http://s|p500&status=in-progress", "patient": "/Encounter?patient=p500",
			"window": "/Encounter?_count=5&_lastUpdated=ge" + latest[:23] + "Z",
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					c.get(query)
				}
			})
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	c := newClient(b).patients()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.put("/Encounter/e1", encounter("e1", "p1", fmt.Sprintf(`,"identifier":[{"value":"%d"}]`, i)))
	}
}
