package integration_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Versions and stamps that are missing, or written in other ways.
func TestOddVersions(t *testing.T) {
	etags := func(form string) habit {
		return func(a ask, next server) said {
			s := next(a)
			if tag := s.header.Get("ETag"); tag != "" {
				s.header.Set("ETag", strings.Replace(form, "3", strings.Trim(tag, `W/"`), 1))
			}
			return s
		}
	}
	onOddServers(t, []row{
		{name: "no lastUpdated", habit: always(bare("lastUpdated")), safe: true},
		{name: "no versionId", habit: always(bare("versionId")), turns: nothingIsChanged, unsafe: []string{"ifMatch"}},
		{name: "a number as versionId", habit: always(numbered)},
		// Spark: a version in a transaction counts for nothing (FirelyTeam/spark#714).
		{name: "ifMatch ignored", habit: always(ignoringIn("ifMatch")), unsafe: []string{"ifMatch"}},
		// Spark: nor does a condition (FirelyTeam/spark#98).
		{name: "ifNoneExist ignored", habit: always(ignoringIn("ifNoneExist"))},
		{name: "ETag 3", habit: always(etags(`3`))},
		{name: `ETag "3"`, habit: always(etags(`"3"`))},
		{name: "ETag W/3", habit: always(etags(`W/3`)), safe: true},
		{name: "no ETag", habit: always(func(a ask, next server) said {
			s := next(a)
			s.header.Del("ETag")
			return s
		})},
	})
}

// ignoringIn takes an element out of every request of a transaction.
func ignoringIn(element string) habit {
	return func(a ask, next server) said {
		if a.transaction() {
			for n := range gjson.GetBytes(a.body, "entry").Array() {
				a.body, _ = sjson.DeleteBytes(a.body, fmt.Sprintf("entry.%d.request.%s", n, element))
			}
		}
		return next(a)
	}
}

// bare takes an element of meta out of every resource of an answer.
func bare(element string) habit {
	return func(a ask, next server) said {
		s := next(a)
		s.header.Del("ETag")
		s.header.Del("Last-Modified")
		return s.metas(func(resource string) string {
			resource, _ = sjson.Delete(resource, "meta."+element)
			return resource
		})
	}
}

// numbered is a server whose versions are numbers, also where they should be texts.
func numbered(a ask, next server) said {
	a.body = regexp.MustCompile(`"versionId":(\d+)`).ReplaceAll(a.body, []byte(`"versionId":"$1"`))
	return next(a).metas(func(resource string) string {
		if n, err := strconv.Atoi(gjson.Get(resource, "meta.versionId").String()); err == nil {
			resource, _ = sjson.Set(resource, "meta.versionId", n)
		}
		return resource
	})
}

// metas changes every resource of an answer.
func (s said) metas(change func(resource string) string) said {
	switch gjson.GetBytes(s.body, "resourceType").String() {
	case "", "OperationOutcome", "CapabilityStatement":
		return s
	case "Bundle":
		return s.each(func(e gjson.Result) string {
			if !e.Get("resource").Exists() || e.Get("resource.resourceType").String() == "Bundle" {
				return e.Raw
			}
			raw, _ := sjson.SetRaw(e.Raw, "resource", change(e.Get("resource").Raw))
			return raw
		})
	}
	s.body = []byte(change(string(s.body)))
	return s
}

// nothingIsChanged: where no version can be told, nobody's words are written over.
func nothingIsChanged(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.answer(a, 4, 4, 4)
	p.stuck(a, "versionId")
}
