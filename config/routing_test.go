package config_test

import (
	"testing"

	"github.com/tilsyn/tilsyn/config"
)

const hospital = `
routing:
  default:
    ward: CareTeam/ward
    liaison: CareTeam/liaison
  rules:
    - service_provider: Organization/surgery
      ward: CareTeam/surgery
      liaison: CareTeam/liaison-surgery
    - location: Location/bed
      ward: urn:oid:1.2.3|bed-team
    - location: Location/room
      ward: CareTeam/room
      liaison: CareTeam/liaison-room
`

func TestTheMostSpecificRuleRoutesAnAdmission(t *testing.T) {
	r := mustLoad(t, hospital).Routing
	tests := []struct {
		name      string
		locations []string
		provider  string
		want      config.Owners
	}{
		{"nothing known", nil, "", config.Owners{Ward: "CareTeam/ward", Liaison: "CareTeam/liaison"}},
		{"unknown places", []string{"Location/x"}, "Organization/x", config.Owners{Ward: "CareTeam/ward", Liaison: "CareTeam/liaison"}},
		{"a provider", nil, "Organization/surgery", config.Owners{Ward: "CareTeam/surgery", Liaison: "CareTeam/liaison-surgery"}},
		{"a location comes before the provider, though it stands later", []string{"Location/room"}, "Organization/surgery", config.Owners{Ward: "CareTeam/room", Liaison: "CareTeam/liaison-room"}},
		{"a rule for one party leaves the other to the provider", []string{"Location/bed"}, "Organization/surgery", config.Owners{Ward: "urn:oid:1.2.3|bed-team", Liaison: "CareTeam/liaison-surgery"}},
		{"the bed before its room", []string{"Location/bed", "Location/room"}, "", config.Owners{Ward: "urn:oid:1.2.3|bed-team", Liaison: "CareTeam/liaison-room"}},
		{"no location does not match a rule without one", []string{""}, "", config.Owners{Ward: "CareTeam/ward", Liaison: "CareTeam/liaison"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.Route(tt.locations, tt.provider); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestWithoutAWardTheServiceProviderOwnsTheTask(t *testing.T) {
	r := mustLoad(t, "").Routing
	if got := r.Route(nil, "Organization/medicine"); got != (config.Owners{Ward: "Organization/medicine"}) {
		t.Errorf("got %+v", got)
	}
	if got := r.Route(nil, ""); got != (config.Owners{}) {
		t.Errorf("got %+v", got)
	}
}

func TestOwnersLeaveToOthersWhatTheyDoNotName(t *testing.T) {
	others := config.Owners{Ward: "CareTeam/ward", Liaison: "CareTeam/liaison"}
	for _, tt := range []struct{ first, want config.Owners }{
		{config.Owners{}, others},
		{config.Owners{Ward: "CareTeam/few"}, config.Owners{Ward: "CareTeam/few", Liaison: "CareTeam/liaison"}},
		{config.Owners{Liaison: "CareTeam/few"}, config.Owners{Ward: "CareTeam/ward", Liaison: "CareTeam/few"}},
	} {
		if got := tt.first.Or(others); got != tt.want {
			t.Errorf("%+v: got %+v", tt.first, got)
		}
	}
}

func TestEveryKindOfOwnerIsTaken(t *testing.T) {
	for _, owner := range []string{"CareTeam/1", "Organization/a-b.C", "Practitioner/1", "PractitionerRole/1", "HealthcareService/1", "https://hpr.example/id|123", "urn:oid:2.16.578|a|b"} {
		if got := mustLoad(t, "", "--routing.default.ward="+owner).Routing.Default.Ward; got != owner {
			t.Errorf("got %s, want %s", got, owner)
		}
	}
}

func TestARuleKeepsTheLettersOfItsReferences(t *testing.T) {
	c := mustLoad(t, "routing:\n  rules:\n    - Location: Location/Med-1A\n      Ward: CareTeam/Sykepleiere-1A\n")
	if got := c.Routing.Route([]string{"Location/Med-1A"}, ""); got.Ward != "CareTeam/Sykepleiere-1A" {
		t.Errorf("got %+v", got)
	}
}
