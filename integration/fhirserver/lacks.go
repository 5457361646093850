package fhirserver

// Feature is what some tests rely on and some servers do without. integration/README.md says why of each.
type Feature string

const (
	Hooks         Feature = "Subscriptions that become active and call"
	Profiles      Feature = "$validate against a profile"
	LongBundles   Feature = "transactions of more than eight entries that create conditionally"
	Decimals      Feature = "decimals as they were written"
	VersionCounts Feature = "versions that are counted"
)

// Lacks tells what must be done without on this server.
func (s *Server) Lacks(f Feature) bool { return s.lacks[f] }

// medplumLacks is what Medplum's router does not do, or does in another way than the tests ask for.
var medplumLacks = map[Feature]bool{
	Hooks: true, Profiles: true, LongBundles: true, Decimals: true, VersionCounts: true,
}
