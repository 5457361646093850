package instrument

import "github.com/tilsyn/tilsyn/fhir/artifacts"

// CodeOffer is the item that asks whether the patient wants to talk with the
// addiction liaison team: its code in our CodeSystem, and its linkId in a form
// that does not say the code. The item is optional and carries no points.
const CodeOffer = "consult-offer"

// Offer is the patient's answer to CodeOffer. It is "" when the form has no
// such item, when the item is hidden or has no answer, and when the answer is
// unclear (FlagOfferUnclear).
type Offer string

const (
	OfferAccepted Offer = "accepted"
	OfferDeclined Offer = "declined" // answered so, or asked-declined in place of an answer
	OfferNotAsked Offer = "not-asked"
)

// offers are the answers that our CodeSystem has. Any other value is "".
var offers = map[value]Offer{
	{"coding", artifacts.CodeSystemURL, "offer-accepted"}:  OfferAccepted,
	{"coding", artifacts.CodeSystemURL, "offer-declined"}:  OfferDeclined,
	{"coding", artifacts.CodeSystemURL, "offer-not-asked"}: OfferNotAsked,
}

// offer finds what became of the offer. An unclear answer is taken as none: a
// guess could keep a patient from the team.
func (j *judging) offer() {
	given := map[Offer]bool{}
	for _, it := range j.f.items {
		if it.offer {
			j.offered(it, given)
		}
	}
	for o := range given {
		j.result.Offer = o
	}
	if len(given) > 1 || given[""] {
		j.result.Offer = ""
		j.flag(FlagOfferUnclear)
	}
}

func (j *judging) offered(it *item, given map[Offer]bool) {
	answers := j.r.answers[it.linkID]
	if !j.shown.item(it) {
		j.flagStale(answers)
		return
	}
	for _, a := range answers {
		given[offers[a.value]] = true // a broken answer has no value
	}
	switch why := j.r.absent[it.linkID]; {
	case why == refused:
		given[OfferDeclined] = true
	case why != notSaid && len(answers) > 0: // both an answer and none
		given[""] = true
	}
}

// declined leaves out the offer: who does not want to see the team has not
// declined the screening. A response can name CodeOffer although its form, of
// an older version, does not have the item.
func (j *judging) declined() bool {
	for link, why := range j.r.absent {
		it := j.f.byLink[link]
		if why == refused && link != CodeOffer && (it == nil || !it.offer) {
			return true
		}
	}
	return j.r.refused
}
