package gate

import (
	"strings"

	"tongxing/core"
)

// maskedLength bounds what is kept of a request or an answer, in bytes.
const maskedLength = 240

// callFields are the names in what the devices of a family send, or are answered. Of those with true, short values are kept: they say
// something of the device, and nothing of anybody.
type callFields map[string]bool

// masked returns what a device sent with everything hidden that could be a code, a secret, a number or a name: of its words only the
// family's names stay, of their values the reader's own serial and numbers of three figures.
func (p Protocol) masked(r core.Reader, w Wire) string {
	small := func(value string) bool { return len(value) <= 3 && strings.Trim(value, "0123456789") == "" }
	text := string(w.Text())
	if p.ByPath {
		text = w.Path + " " + text
	}
	return p.Sent.mask(text, r.Serial, small)
}

// maskedAnswer is the same for an answer, whose short values are ours.
func (p Protocol) maskedAnswer(r core.Reader, answer []byte) string {
	return p.Answered.mask(string(answer), r.Serial, func(value string) bool { return len(value) <= 7 })
}

// hidden stands for whatever is not shown.
const hidden = "…"

// mask goes through a text word by word.
func (f callFields) mask(text, serial string, short func(string) bool) string {
	var b strings.Builder
	hid := false // the last that was written
	for len(text) > 0 && b.Len() < maskedLength {
		if strings.IndexByte(maskedMarks, text[0]) >= 0 {
			b.WriteByte(text[0])
			text, hid = text[1:], false
			continue
		}
		word := upTo(text, maskedMarks)
		text = text[len(word):]
		keeps, known := f[lowerASCII(word)]
		if !known {
			if !hid {
				b.WriteString(hidden)
			}
			hid = true
			continue
		}
		b.WriteString(word)
		hid = false
		equals := text[:len(text)-len(strings.TrimLeft(text, `"'=: `))]
		value := upTo(text[len(equals):], valueEnds)
		says := keeps && strings.ContainsAny(equals, "=:") && value != ""
		if says && (strings.EqualFold(value, serial) || isWord(value) && short(value)) {
			b.WriteString(equals + value)
			text = text[len(equals)+len(value):]
		}
	}
	if len(text) > 0 && !hid {
		b.WriteString(hidden)
	}
	return b.String()
}

// Marks that stay, and those that end a value.
const (
	maskedMarks = `&={}[]":,;'/?()<> `
	valueEnds   = `&={}[]",;'/?()<> `
)

// upTo returns the start of a text, up to the first of some marks.
func upTo(text, marks string) string {
	if i := strings.IndexAny(text, marks); i >= 0 {
		return text[:i]
	}
	return text
}

// isWord reports whether a value is of letters and figures alone.
func isWord(value string) bool {
	return strings.Trim(lowerASCII(value), "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}
