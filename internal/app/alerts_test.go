package app

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Each alert can be read by Prometheus's own names, and rests on a metric that there is.
func TestAlertsRestOnMetricsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../config/deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	_, _, get := pages(0)
	_, metrics := get("/metrics")
	for _, rule := range file.Groups[0].Rules {
		names := regexp.MustCompile(`tilsyn_[a-z_]+`).FindAllString(rule.Expr, -1)
		if len(names) == 0 || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%+v", rule)
		}
		for _, name := range names {
			if !strings.Contains(metrics, "\n"+name+" ") {
				t.Errorf("%s rests on %s, which there is not", rule.Alert, name)
			}
		}
	}
	if len(file.Groups[0].Rules) < 4 {
		t.Errorf("%d alerts", len(file.Groups[0].Rules))
	}
}
