package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// dateFilter compares dates. Alternatives are ORed.
func dateFilter(by *param, values []string) (filter, error) {
	tests := make([]dateTest, len(values))
	for i, v := range values {
		test, ok := parseDateTest(v)
		if !ok {
			return nil, refuse(http.StatusBadRequest, "Invalid date/time value for %q: %q", by.name, clip(v))
		}
		tests[i] = test
	}
	return scan{by, func(v gjson.Result) bool {
		s, ok := spanOf(v)
		return ok && slices.ContainsFunc(tests, func(t dateTest) bool { return t.holds(s) })
	}}, nil
}

// stringTest matches from the start and without case or accents, unless it has to be exact.
func stringTest(exact bool, values []string) func(gjson.Result) bool {
	return func(v gjson.Result) bool {
		return slices.ContainsFunc(leaves(v), func(text string) bool {
			return slices.ContainsFunc(values, func(want string) bool {
				want = unescape(want)
				return text == want || !exact && strings.HasPrefix(fold(text), fold(want))
			})
		})
	}
}

func prefixTest(values []string) func(gjson.Result) bool {
	return func(v gjson.Result) bool {
		return slices.ContainsFunc(values, func(want string) bool { return strings.HasPrefix(v.String(), unescape(want)) })
	}
}

// leaves collects the texts of a string, HumanName or Address.
func leaves(v gjson.Result) []string {
	if !v.IsObject() && !v.IsArray() {
		return []string{v.String()}
	}
	var texts []string
	v.ForEach(func(name, member gjson.Result) bool {
		if name.Str != "use" && name.Str != "period" && name.Str != "extension" {
			texts = append(texts, leaves(member)...)
		}
		return true
	})
	return texts
}

// fold lowers case and takes away the accents of the languages around us, as HAPI's normalised index does.
func fold(s string) string {
	return strings.NewReplacer("å", "a", "ä", "a", "á", "a", "à", "a", "ö", "o", "ó", "o", "é", "e", "è", "e", "ü", "u").
		Replace(strings.ToLower(s))
}
