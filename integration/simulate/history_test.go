package simulate_test

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// versions tells of each version of a thing what changed, for a person who looks for a
// mistake.
func (c *checker) versions(r gjson.Result) string {
	var b strings.Builder
	ref := r.Get("resourceType").Str + "/" + r.Get("id").Str
	for n := int64(1); n <= r.Get("meta.versionId").Int(); n++ {
		v := c.sim.hospital.ehr.read(fmt.Sprintf("%s/_history/%d", ref, n))
		fmt.Fprintf(&b, "\n    v%d %s %s %s", n, v.Get("meta.lastUpdated").Str, v.Get("status").Str, nameOf(v))
		for _, out := range v.Get("output").Array() {
			fmt.Fprintf(&b, " %s%s=%s%s", out.Get("type.coding.0.code").Str, out.Get("type.text").Str, out.Get("valueReference.reference").Str, out.Get("valueString").Str)
		}
		fmt.Fprintf(&b, " %s %s %s", v.Get("businessStatus").Raw, v.Get("statusReason.coding.0.code").Str, v.Get("item.#.answer.0.valueCoding.code").Raw)
	}
	return b.String()
}
