package sheet

import (
	"bytes"
	"io"
	"strconv"
	"unicode/utf8"
)

// markup reads XML as spreadsheets contain it, some ten times as fast as encoding/xml and with one
// token in memory at a time. It knows elements, attributes, text, CDATA and the predefined
// entities; comments and processing instructions are skipped, document types refused. Prefixes of
// names are dropped. With a budget it is strict: what is not well-formed is refused as well.
type markup struct {
	in     io.Reader
	spent  *int64 // bytes that may still be read, of all parts together
	buf    []byte
	at     int // of buf: the next byte
	err    error
	depth  int // of elements around the next token
	single bool
	left   *budget // of a short list and of small parts; nil = only spent bounds what is read
	part   int64   // bytes left for this part, if there is a budget
	odd    bool    // there was an ampersand that begins no entity

	raw  []byte // the token as it is written; nil for the end of an element without content
	name []byte // of the element that starts or ends
	rest []byte // its attributes
	text []byte // of a text: without entities
	own  []byte // text whose entities were replaced
}

// token is what next found.
type token uint8

const (
	tokenStart token = iota
	tokenStop
	tokenText
)

const markupBuffer = 128 << 10

// newMarkup returns a reader of XML that may read as many bytes as spent says.
func newMarkup(in io.Reader, spent *int64) *markup {
	return &markup{in: in, spent: spent, buf: make([]byte, 0, markupBuffer)}
}

// fill reads more, keeping what is behind at.
func (m *markup) fill() error {
	if m.err != nil {
		return m.err
	}
	if m.at > 0 {
		m.buf = m.buf[:copy(m.buf, m.buf[m.at:])]
		m.at = 0
	}
	if len(m.buf) == cap(m.buf) {
		if cap(m.buf) >= 8*markupBuffer || m.left != nil && cap(m.buf) >= maxToken {
			return errLarge // one token of a megabyte
		}
		m.buf = append(make([]byte, 0, 2*cap(m.buf)), m.buf...)
	}
	n, err := m.in.Read(m.buf[len(m.buf):cap(m.buf)])
	m.buf = m.buf[:len(m.buf)+n]
	*m.spent -= int64(n)
	m.part -= int64(n)
	if *m.spent < 0 || m.left != nil && m.part < 0 {
		m.err = errLarge
		return m.err
	}
	m.err = err
	if n > 0 {
		return nil
	}
	return err
}

// next returns the next token: io.EOF behind the last one. What it refers to is valid until the next call.
func (m *markup) next() (token, error) {
	if m.single {
		m.single, m.raw, m.rest = false, nil, nil
		m.depth--
		return tokenStop, nil
	}
	for {
		if m.at == len(m.buf) {
			if err := m.fill(); err != nil {
				return 0, m.ended(err)
			}
			continue
		}
		if m.buf[m.at] != '<' {
			return tokenText, m.words()
		}
		tag, err := m.tag()
		if err != nil {
			return 0, m.ended(err)
		}
		m.raw = tag
		switch tag[1] {
		case '?':
			if m.left != nil && !declared(tag) {
				return 0, errBroken
			}
			continue
		case '!':
			if bytes.HasPrefix(tag, []byte("<![CDATA[")) {
				m.text = tag[len("<![CDATA[") : len(tag)-len("]]>")]
				if m.left != nil && !characters(m.text) {
					return 0, errBroken
				}
				return tokenText, nil
			}
			if !bytes.HasPrefix(tag, []byte("<!--")) {
				return 0, errBroken
			}
			continue
		case '/':
			m.name, m.rest = local(bytes.TrimRight(tag[2:len(tag)-1], " \t\r\n")), nil
			if m.depth--; m.depth < 0 || m.left != nil && bytes.ContainsAny(m.name, " \t\r\n") {
				return 0, errBroken
			}
			return tokenStop, nil
		}
		return tokenStart, m.start(tag[1 : len(tag)-1])
	}
}

// ended returns what the end of the input means at this place.
func (m *markup) ended(err error) error {
	if err == io.EOF && (m.depth > 0 || m.at < len(m.buf)) {
		return errBroken
	}
	return err
}

func (m *markup) start(tag []byte) error {
	if len(tag) > 0 && tag[len(tag)-1] == '/' {
		m.single, tag = true, tag[:len(tag)-1]
	}
	end := 0
	for end < len(tag) && tag[end] > ' ' {
		end++
	}
	m.name, m.rest = local(tag[:end]), tag[end:]
	m.depth++
	switch {
	case m.left == nil && m.depth > maxDepth, len(m.name) == 0:
		return errBroken
	case m.left == nil:
		return nil
	case m.depth > maxDepth:
		return errLarge
	case !m.proper():
		return errBroken
	}
	return m.left.element()
}

// proper reports whether the attributes of the element that started last are well-formed.
func (m *markup) proper() bool {
	for rest := m.rest; ; {
		_, value, left, ok := attribute(rest)
		if !ok {
			return len(bytes.TrimSpace(rest)) == 0
		}
		text := m.plain(value)
		if m.odd || bytes.IndexByte(value, '<') >= 0 || !characters(text) {
			return false
		}
		rest = left
	}
}

// characters reports whether a text is UTF-8 without what XML may not contain.
func characters(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return utf8.Valid(text) && !bytes.Contains(text, []byte("\uffff")) && !bytes.Contains(text, []byte("\ufffe"))
}

// declared reports whether a processing instruction is not the declaration of an encoding other
// than UTF-8, or of an unknown XML.
func declared(tag []byte) bool {
	rest, is := bytes.CutPrefix(bytes.TrimSuffix(tag, []byte("?>")), []byte("<?xml"))
	if !is || len(rest) > 0 && rest[0] > ' ' {
		return true
	}
	for {
		name, value, left, ok := attribute(rest)
		switch {
		case !ok:
			return true
		case string(name) == "encoding" && !bytes.EqualFold(value, []byte("utf-8")), string(name) == "version" && string(value) != "1.0":
			return false
		}
		rest = left
	}
}

// tag returns the markup that begins here, to its closing bracket.
func (m *markup) tag() ([]byte, error) {
	for from := 1; ; {
		here := m.buf[m.at:]
		if end := tagEnd(here, from); end > 0 {
			m.at += end
			return here[:end], nil
		}
		// A tag is short, so that it is scanned again; what may be long is searched for from where
		// it was left.
		if bytes.HasPrefix(here, []byte("<!")) {
			from = max(len(here)-2, 1)
		}
		if err := m.fill(); err != nil {
			return nil, err
		}
	}
}

// tagEnd returns the length of the markup at the beginning of b, or 0 if its end is not in b.
func tagEnd(b []byte, from int) int {
	if len(b) < 3 {
		return 0
	}
	if b[1] == '!' || b[1] == '?' {
		end := "?>"
		if bytes.HasPrefix(b, []byte("<!--")) {
			end = "-->"
			from = max(from, 4)
		} else if bytes.HasPrefix(b, []byte("<![CDATA[")) {
			end = "]]>"
			from = max(from, 9)
		} else if b[1] == '!' {
			if len(b) < 9 {
				return 0
			}
			end = ">"
		}
		if from > len(b) {
			return 0
		}
		if i := bytes.Index(b[from:], []byte(end)); i >= 0 {
			return from + i + len(end)
		}
		return 0
	}
	quote := byte(0)
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '>':
			return i + 1
		case c == '"' || c == '\'':
			quote = c
		}
	}
	return 0
}

// words reads a text, up to the next tag.
func (m *markup) words() error {
	for from := 0; ; {
		here := m.buf[m.at:]
		if i := bytes.IndexByte(here[from:], '<'); i >= 0 {
			m.at += from + i
			return m.said(here[:from+i])
		}
		from = len(here)
		if err := m.fill(); err == io.EOF {
			here = m.buf[m.at:]
			m.at = len(m.buf)
			return m.said(here)
		} else if err != nil {
			return err
		}
	}
}

// said takes a text.
func (m *markup) said(raw []byte) error {
	m.raw, m.text = raw, m.plain(raw)
	if m.left != nil && (m.odd || bytes.Contains(raw, []byte("]]>")) || !characters(m.text)) {
		return errBroken
	}
	return nil
}

// plain replaces the entities of a text.
func (m *markup) plain(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	m.own = m.own[:0]
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			m.own = append(m.own, text...)
			return m.own
		}
		m.own = append(m.own, text[:i]...)
		text = text[i:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			end = 0
		}
		if r := entity(string(text[1:max(end, 1)])); r > 0 {
			m.own = utf8.AppendRune(m.own, r)
			text = text[end+1:]
			continue
		}
		m.odd = true
		m.own = append(m.own, '&')
		text = text[1:]
	}
}

// entity returns the character that an entity stands for, or 0.
func entity(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	if len(name) < 2 || name[0] != '#' {
		return 0
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil {
		return 0
	}
	return rune(n)
}

// local returns a name without its prefix.
func local(name []byte) []byte {
	return name[bytes.LastIndexByte(name, ':')+1:]
}

// attribute takes the next attribute off rest. ok is false behind the last one.
func attribute(rest []byte) (name, value, left []byte, ok bool) {
	i := 0
	for i < len(rest) && rest[i] <= ' ' {
		i++
	}
	from := i
	for i < len(rest) && rest[i] != '=' && rest[i] > ' ' {
		i++
	}
	name = rest[from:i]
	for i < len(rest) && (rest[i] <= ' ' || rest[i] == '=') {
		i++
	}
	if i >= len(rest) || len(name) == 0 || rest[i] != '"' && rest[i] != '\'' {
		return nil, nil, nil, false
	}
	end := bytes.IndexByte(rest[i+1:], rest[i])
	if end < 0 {
		return nil, nil, nil, false
	}
	return local(name), rest[i+1 : i+1+end], rest[i+end+2:], true
}

// value returns an attribute of the element that started last, or nil.
func (m *markup) value(wanted string) []byte {
	for rest := m.rest; ; {
		name, value, left, ok := attribute(rest)
		if !ok {
			return nil
		}
		if string(name) == wanted {
			return m.plain(value)
		}
		rest = left
	}
}

// truth returns a boolean attribute.
func (m *markup) truth(name string) bool {
	is, _ := strconv.ParseBool(string(m.value(name)))
	return is
}

// number returns an attribute that is a number from 0, or -1.
func (m *markup) number(name string) int { return digits(m.value(name)) }

// zero reports whether an attribute is the number 0: the height of a hidden row, the width of a
// hidden column.
func (m *markup) zero(name string) bool {
	value := m.value(name)
	if len(value) == 0 || value[0] != '0' {
		return false
	}
	n, err := strconv.ParseFloat(string(value), 64)
	return err == nil && n == 0
}

// digits returns a number from 0 to 2³¹-1, or -1 for anything else.
func digits(text []byte) int {
	if len(text) == 0 || len(text) > 10 {
		return -1
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	if n > 1<<31-1 {
		return -1
	}
	return n
}

// skip reads to the end of the element that started last.
func (m *markup) skip() error {
	for depth := m.depth; m.depth >= depth; {
		if _, err := m.next(); err != nil {
			return err
		}
	}
	return nil
}

// maxRaw bounds the text that is kept of an element, in bytes: more than maxText characters are cut off anyway.
const maxRaw = 8 * maxText

// content appends the text of the element that started last to b, without that of elements inside it.
func (m *markup) content(b []byte) ([]byte, error) {
	for depth := m.depth; ; {
		found, err := m.next()
		if err != nil {
			return b, err
		}
		if found == tokenText && m.depth == depth {
			b = append(b, m.text[:min(len(m.text), max(maxRaw-len(b), 0))]...)
		}
		if m.depth < depth {
			return b, nil
		}
	}
}

// rich appends the text of a string to b: its own, or that of its runs. Its pronunciation (rPh),
// which is stored next to it, is not part of it.
func (m *markup) rich(b []byte) ([]byte, error) {
	for depth := m.depth; ; {
		found, err := m.next()
		switch {
		case err != nil:
			return b, err
		case m.depth < depth:
			return b, nil
		case found != tokenStart:
		case string(m.name) == "rPh":
			err = m.skip()
		case string(m.name) == "t":
			b, err = m.content(b)
		}
		if err != nil {
			return b, err
		}
	}
}
