package store

import (
	"context"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/store/database"
)

// passKind is what the store knows of a kind of pass. A further kind is a file of its own, pass<kind>.go, with one of
// these and the columns of its facts, a line in scanRow, and one in passKinds.
type passKind struct {
	kind core.PassKind

	// For scanFacts: join reads the tables of the kind's holder, if the pass p is of the kind; r is the reader and g the
	// post. columns are those of its facts. name and house are the columns of the holder's name and house; place is
	// that of a text beside the name if there is no house; "" = none.
	join, columns, name, house, place string
	// fill adds the facts of the kind.
	fill func(*scanRow, *core.Facts)
	// here reports whether the pass is valid in a community; nil if it is so in its own alone. Such a pass has the
	// community 0: the rule is that of the door's.
	here func(r *scanRow, community core.ID) bool
	// communities returns those of a holder whose pass has the community 0; nil = each pass has its own.
	communities func(all readAll, holder core.ID) ([]core.ID, error)
	// use writes that passes of the kind have let somebody through, in the scan's transaction. Each pass is in it
	// once. If one is not any more as its facts were, the result is database.ErrRace. nil = nothing is used up.
	use func(tx *database.Tx, uses []passUse) error

	// compare adds to what a guard sees of a pass what is compared of its holder: more than the facts of a scan. nil = nothing.
	compare func(ctx context.Context, s *Store, r *scanRow, p *Preview) error
	// inside returns those who came into a community by a pass of the kind and have not left, at most most of them, with the
	// counts of all. nil = it is not known: residents come and go.
	inside func(ctx context.Context, s *Store, community core.ID, rule VisitorRule, most int) (core.InsideRoll, error)

	// byNumber passes are found by a verified number alone: they were given to it, under whatever name. Others need the
	// name that the register has with it.
	byNumber bool
	// list returns the query of the passes that their holders find, in the order of passRow, and its arguments at an
	// instant; a further condition follows. nil = they are found in another way alone.
	list func(nowMS int64) (string, []any)
}

// passKinds are all kinds.
var passKinds = []passKind{residentPass, visitorPass, dedicatedPass, exitSlipPass}

// passUse is a release of a pass, as it was decided.
type passUse struct {
	row     *scanRow
	attempt ScanAttempt
	outcome ScanOutcome
	day     core.Day // of the scan
}

// passKindOf returns what the store knows of a kind; of an unknown one that it does nothing.
func passKindOf(kind core.PassKind) passKind {
	at := slices.IndexFunc(passKinds, func(k passKind) bool { return k.kind == kind })
	if at < 0 {
		return passKind{kind: kind}
	}
	return passKinds[at]
}

// firstOf returns the SQL of the first of the columns that is not NULL.
func firstOf(columns []string, otherwise string) string {
	columns = slices.DeleteFunc(append(columns, otherwise), func(c string) bool { return c == "" })
	if len(columns) == 1 {
		return columns[0]
	}
	return "COALESCE(" + strings.Join(columns, ", ") + ")"
}

// eachPassKind returns a text of every kind.
func eachPassKind(text func(passKind) string) []string {
	texts := make([]string, len(passKinds))
	for i, k := range passKinds {
		texts[i] = text(k)
	}
	return texts
}
