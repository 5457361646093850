package cases

import (
	"maps"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// policy is the given one with what the case changes, in the words of policy.yaml.
// ward A stands for the ward's Location.
func (p *play) policy(text []byte) (*pathway.Policy, error) {
	if p.c.Policy == nil && p.c.Asks == nil {
		return unchanged(text)
	}
	whole := map[string]any{}
	if err := yaml.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	if p.c.Asks != nil {
		whole = asking(whole, p.c.Asks)
	}
	changed, err := yaml.Marshal(over(whole, p.c.Policy))
	if err != nil {
		return nil, err
	}
	words := string(changed)
	for _, ward := range []string{"ward A", "ward B", "ward C"} {
		words = strings.ReplaceAll(words, ward, wardOf(p.hospital, ward).Location)
	}
	return pathway.ParsePolicy([]byte(words))
}

// over puts one mapping over another; a list is replaced as a whole.
func over(whole, change map[string]any) map[string]any {
	whole = maps.Clone(whole)
	for key, value := range change {
		below, ok := value.(map[string]any)
		was, had := whole[key].(map[string]any)
		if ok && had {
			whole[key] = over(was, below)
			continue
		}
		whole[key] = value
	}
	return whole
}

// parsed keeps a policy that many cases leave as it is: a policy is only read.
var parsed sync.Map

func unchanged(text []byte) (*pathway.Policy, error) {
	if p, ok := parsed.Load(string(text)); ok {
		return p.(*pathway.Policy), nil
	}
	p, err := pathway.ParsePolicy(text)
	if err == nil {
		parsed.Store(string(text), p)
	}
	return p, err
}
