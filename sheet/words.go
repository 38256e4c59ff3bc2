package sheet

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"strings"
	"unicode/utf8"

	"tongxing/core"
)

// texts cleans the texts of cells. Those of a list repeat in its columns, so that the last ones are
// remembered.
type texts struct {
	seed  maphash.Seed
	known [4096]knownText
}

type knownText struct{ raw, clean string }

func newTexts() *texts { return &texts{seed: maphash.MakeSeed()} }

// clean returns the text of a cell: see core.Clean.
func (t *texts) clean(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if len(raw) > 64 {
		return cleanText(raw)
	}
	entry := &t.known[maphash.Bytes(t.seed, raw)%uint64(len(t.known))]
	if entry.raw == string(raw) {
		return entry.clean
	}
	entry.clean = cleanText(raw)
	if entry.raw = entry.clean; entry.clean != string(raw) {
		entry.raw = string(raw)
	}
	return entry.clean
}

// cleanText is core.Clean for a text that most often is clean already.
func cleanText(raw []byte) string {
	if tidy(raw) {
		return cut(string(raw))
	}
	return cut(core.Clean(strings.ToValidUTF8(unescaped(string(raw)), "")))
}

// cut bounds a text.
func cut(text string) string {
	if len(text) > maxText && utf8.RuneCountInString(text) > maxText {
		return string([]rune(text)[:maxText])
	}
	return text
}

// tidy reports whether a text is surely clean: ASCII without doubled or outer spaces, and common
// Han characters.
func tidy(raw []byte) bool {
	space := true // before the first character, so that none may begin with one
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == ' ':
			if space {
				return false
			}
			space = true
			i++
			continue
		case c == '_' || c < ' ' || c == 0x7f:
			return false // a control character, or perhaps one that is written as _x000D_
		case c < utf8.RuneSelf:
			i++
		case c >= 0xe4 && c <= 0xe9 && i+2 < len(raw) && raw[i+1]&0xc0 == 0x80 && raw[i+2]&0xc0 == 0x80:
			if c == 0xe4 && raw[i+1] < 0xb8 {
				return false // before U+4E00
			}
			i += 3
		default:
			return false
		}
		space = false
	}
	return !space
}

// unescaped replaces characters that spreadsheets write as _x000D_ (ECMA-376 part 1, 22.9.2.19).
func unescaped(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "_x")
		if i < 0 || len(text) < i+7 {
			return b.String() + text
		}
		n, err := strconv.ParseUint(text[i+2:i+6], 16, 16)
		if text[i+6] != '_' || err != nil {
			b.WriteString(text[:i+2])
			text = text[i+2:]
			continue
		}
		b.WriteString(text[:i])
		b.WriteRune(rune(n)) // half of a surrogate pair becomes U+FFFD, which is dropped
		text = text[i+7:]
	}
}

// pool holds very many texts in little memory: those that the cells of a workbook share.
type pool struct {
	blocks []*bytes.Buffer
	places []place
	size   int
}

type place struct{ block, from, to uint32 }

const (
	poolBlock = 1 << 20
	maxPool   = 64 << 20 // bytes of text
	maxShared = 2 << 20  // texts
)

// add appends a text.
func (p *pool) add(text string) error {
	if p.size += len(text); p.size > maxPool || len(p.places) >= maxShared {
		return errLarge
	}
	if text == "" {
		p.places = append(p.places, place{})
		return nil
	}
	if n := len(p.blocks); n == 0 || p.blocks[n-1].Available() < len(text) {
		p.blocks = append(p.blocks, bytes.NewBuffer(make([]byte, 0, max(poolBlock, len(text)))))
	}
	block := p.blocks[len(p.blocks)-1]
	from := block.Len()
	block.WriteString(text)
	p.places = append(p.places, place{uint32(len(p.blocks) - 1), uint32(from), uint32(block.Len())})
	return nil
}

// text returns the i-th text, without a copy.
func (p *pool) text(i int) ([]byte, bool) {
	if i < 0 || i >= len(p.places) {
		return nil, false
	}
	at := p.places[i]
	if at.from == at.to {
		return nil, true
	}
	return p.blocks[at.block].Bytes()[at.from:at.to], true
}

// same returns a text that is clean already.
func (t *texts) same(clean []byte) string {
	if len(clean) == 0 || len(clean) > 64 {
		return string(clean)
	}
	entry := &t.known[maphash.Bytes(t.seed, clean)%uint64(len(t.known))]
	if entry.clean != string(clean) {
		text := string(clean)
		*entry = knownText{text, text}
	}
	return entry.clean
}
