package integration_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/integration/fhirserver"
)

// exempt are the tests that do not run on a server that lacks what they ask for.
var exempt = map[fhirserver.Feature][]string{
	fhirserver.Hooks:         {"TestHookAlone", "TestSetupTwice", "TestServerCallsBack"},
	fhirserver.Profiles:      {"TestConformsToSDC", "TestServerChecksSDCProfiles"},
	fhirserver.LongBundles:   {"TestAuditTrail", "TestRequestsOfAChain"},
	fhirserver.Decimals:      {"TestOthersWordsSurvive", "TestProtectedAfterTheTask"},
	fhirserver.VersionCounts: {"TestAmendedAnswers"},
}

// require returns the real server, unless the test is exempt on it.
func require(t testing.TB) *fhirserver.Server {
	t.Helper()
	s := fhirserver.Require(t)
	test, _, _ := strings.Cut(t.Name(), "/")
	for feature, tests := range exempt {
		if s.Lacks(feature) && slices.Contains(tests, test) {
			t.Skipf("%s does without %s", s.Name, feature)
		}
	}
	return s
}
