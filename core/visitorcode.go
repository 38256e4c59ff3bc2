package core

import "time"

// Bounds of the codes by which visitors prove their numbers.
const (
	VisitorCodeDigits  = 6
	VisitorCodeLife    = 10 * time.Minute
	VisitorCodePause   = time.Minute // between two to one number
	MaxVisitorCodes    = 5           // to one number within a day
	MaxVisitorCodeTurn = 5           // entered for one code, right or wrong
)
