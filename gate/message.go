package gate

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMessage bounds what a record keeps of a message that cannot be parsed, in characters.
const maxMessage = 80

// Of such a message, names stay, and whatever is long enough for a secret, a token, a phone number
// or an identity number is removed, even if escaped or interrupted.
var (
	messageNames = regexp.MustCompile(`(?i)` + strings.Join(fieldNames(), "|"))
	messageRuns  = regexp.MustCompile(`[0-9A-Za-z%+_·-]{8,}`)
)

// fieldNames returns the names of every family's fields, patterns of themselves; those that begin others come last.
func fieldNames() []string {
	var names []string
	for _, p := range protocols {
		for _, name := range p.Names {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return names
}

// messageStart returns the start of a message for diagnosis, without anything that records must not
// disclose.
func messageStart(message string) string {
	message = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) || unicode.Is(unicode.Co, r) {
			return '·'
		}
		return r
	}, message)
	var b strings.Builder
	from := 0
	for _, at := range messageNames.FindAllStringIndex(message, -1) {
		b.WriteString(messageRuns.ReplaceAllString(message[from:at[0]], "…") + message[at[0]:at[1]])
		from = at[1]
	}
	b.WriteString(messageRuns.ReplaceAllString(message[from:], "…"))
	start := []rune(b.String())
	if len(start) > maxMessage {
		return string(start[:maxMessage]) + "…"
	}
	return string(start)
}
