package stay

// The parts of the letter to the liaison team, codes of ours: each is a note of its own
// on the consult, so that it can be changed and taken away as a whole.
const (
	LetterReason  = "letter-reason"
	LetterAnswers = "letter-answers"
	LetterAuthor  = "letter-author"
	LetterWish    = "letter-wish"

	LetterPregnant = "letter-pregnant"
	LetterReview   = "letter-review"
	LetterPlace    = "letter-place"
	LetterLeaving  = "letter-leaving" // when she is expected to go home
	LetterLeft     = "letter-left"    // she has gone home
	LetterBefore   = "letter-before"
	LetterEvent    = "letter-event" // what has become of the consult: such notes stay
)
