package core

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// NameGram is a key under which a name is found: two neighbouring characters of it, the first
// character, or pinyin initials. It is a number, so that no collation of a database has a say.
type NameGram int64

// The grams of a kind are apart from those of the others: a character has 21 bits.
const (
	firstGram    NameGram = 1 << 42
	initialsGram NameGram = 2 << 42
)

// MaxInitials bounds the pinyin initials by which a name is found; of a longer name they are cut.
const MaxInitials = 8

// NameGrams returns the grams of a name, each once, in ascending order. initials are its pinyin
// initials, in lower case.
func NameGrams(name, initials string) []NameGram {
	folded := FoldName(name)
	grams := PairGrams(folded)
	if first, _ := utf8.DecodeRuneInString(folded); folded != "" {
		grams = append(grams, firstGram|NameGram(first))
	}
	for _, said := range initialsOf(initials) {
		grams = append(grams, initialsGram|letters(said))
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// PairGrams returns a gram for each two neighbouring characters of a folded text, in their order.
func PairGrams(folded string) []NameGram {
	var grams []NameGram
	before := rune(0)
	for _, r := range folded {
		if before != 0 {
			grams = append(grams, NameGram(before)<<21|NameGram(r))
		}
		before = r
	}
	return grams
}

// initialsOf returns what of a name's initials can be asked for: those of the whole name, and those
// of the given name.
func initialsOf(initials string) []string {
	var said []string
	for _, letters := range []string{initials, initials[min(1, len(initials)):]} {
		if letters = letters[:min(len(letters), MaxInitials)]; len(letters) > 1 && isInitials(letters) {
			said = append(said, letters)
		}
	}
	return said
}

func isInitials(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// letters numbers a text of lower-case letters.
func letters(s string) NameGram {
	n := NameGram(0)
	for _, r := range s {
		n = n*27 + NameGram(r-'a'+1)
	}
	return n
}

// NameText is what was typed to find a name. See ReadName.
type NameText struct {
	folded   string
	initials string // "" = what was typed is no initials
}

// ReadName reads what was typed to find a name: a part of two characters or more is looked for
// anywhere in it, a single character at its beginning, and two to eight Latin letters in its pinyin
// initials, too.
func ReadName(text string) NameText {
	t := NameText{folded: FoldName(text)}
	if strings.Trim(t.folded, "0123456789") == "" {
		t.folded = "" // figures alone are a number or a house
	}
	if n := len(t.folded); 2 <= n && n <= MaxInitials && isInitials(t.folded) {
		t.initials = t.folded
	}
	return t
}

// Empty reports whether no name can be found by the text.
func (t NameText) Empty() bool { return t.folded == "" }

// Part returns the part of a folded name that the text asks for; "" if it is to be at the beginning.
func (t NameText) Part() string {
	if utf8.RuneCountInString(t.folded) < 2 {
		return ""
	}
	return t.folded
}

// Initials returns the pinyin initials that the text asks for; "" = none.
func (t NameText) Initials() string { return t.initials }

// Grams returns the gram that a name has if it contains the text, and the one that it has if the text
// is its initials; 0 = the text cannot be that. Of a text of more than two characters the first is
// that of a part of it: the name must contain Part, too.
func (t NameText) Grams() (name, initials NameGram) {
	pairs := PairGrams(t.folded)
	switch first, _ := utf8.DecodeRuneInString(t.folded); {
	case t.folded == "":
	case len(pairs) == 0:
		name = firstGram | NameGram(first)
	default: // the last pair: the given name's is rarer than that of the family name
		name = pairs[len(pairs)-1]
	}
	if t.initials != "" {
		initials = initialsGram | letters(t.initials)
	}
	return name, initials
}

// In reports whether the text finds a name with these pinyin initials. It is what a search by grams
// amounts to.
func (t NameText) In(name, initials string) bool {
	folded := FoldName(name)
	switch part := t.Part(); {
	case t.Empty():
		return false
	case part == "":
		return strings.HasPrefix(folded, t.folded)
	case strings.Contains(folded, part):
		return true
	}
	return t.initials != "" && slices.Contains(initialsOf(initials), t.initials)
}

// LabelWords returns the words of a house's label that are its own, together: 东区 of 东区3栋501. The
// common words of addresses and the numbers are left out.
func LabelWords(label string) string {
	_, words := houseKey(label)
	return words
}

// LabelFigures returns the numbers and letters of a house's label from the last to the first, each
// followed by a hyphen: 501-2-3- of 3栋2单元501. What begins alike ends in the same door number.
func LabelFigures(label string) string {
	key, _ := houseKey(label)
	return backwards(key)
}

func backwards(key []string) string {
	var b strings.Builder
	for _, part := range slices.Backward(key) {
		b.WriteString(part)
		b.WriteByte('-')
	}
	return b.String()
}
