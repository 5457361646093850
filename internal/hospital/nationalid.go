package hospital

import (
	"fmt"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

// nationalID is a Norwegian fødselsnummer that belongs to nobody: 80 is added
// to the month, as the tax administration does for synthetic test persons.
func nationalID(n int, birth string) r4.Identifier {
	y, m, d := 1970, 1, 1
	_, _ = fmt.Sscanf(birth, "%d-%d-%d", &y, &m, &d)
	for individual := n % 500; ; individual++ {
		digits := []byte(fmt.Sprintf("%02d%02d%02d%03d", d, m+80, y%100, individual%1000))
		if id, ok := checked(digits); ok {
			return r4.Identifier{System: fhir.Ptr("urn:oid:2.16.578.1.12.4.1.4.1"), Value: &id}
		}
	}
}

// checked adds the two modulus-11 control digits; some numbers have none.
func checked(digits []byte) (string, bool) {
	for _, weights := range [][]int{{3, 7, 6, 1, 8, 9, 4, 5, 2}, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}} {
		sum := 0
		for i, w := range weights {
			sum += w * int(digits[i]-'0')
		}
		k := (11 - sum%11) % 11
		if k == 10 {
			return "", false
		}
		digits = append(digits, byte('0'+k))
	}
	return string(digits), true
}
