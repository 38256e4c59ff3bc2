package sheet

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	xunicode "golang.org/x/text/encoding/unicode"
)

// unknown replaces a character that only its definer can read, as printers do for a type they lack.
const unknown = "〓"

// unknownPerMille bounds the share of a text's characters that may be unknown: with more it is not
// text.
const unknownPerMille = 20

// readText reads lines of cells.
func readText(content []byte, max int) (t Table, err error) {
	text, err := decodeText(content)
	if err != nil {
		return t, err
	}
	comma, text, line := separator(text)
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.ReuseRecord = comma, -1, true
	for {
		row, err := in.Read()
		if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
			return plainLines(text, string(comma), max) // a stray quote
		}
		if err != nil { // io.EOF: reading from a string returns no other error
			return t, nil
		}
		at, _ := in.FieldPos(0)
		if t.add(at+line, row) && len(t.Rows) > max {
			return t, errLong
		}
	}
}

// plainLines reads lines in which quotes have no meaning.
func plainLines(text, comma string, max int) (t Table, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if t.add(n, strings.Split(line, comma)) && len(t.Rows) > max {
			return t, errLong
		}
	}
	return t, nil
}

// separator returns the separator of a text's cells: the one declared in the first line (sep=;),
// else the tab if one of the first ten lines has any, else the comma or semicolon that splits the
// first of them. The declaring line is not part of rest; it counts as skipped.
func separator(text string) (comma rune, rest string, skipped int) {
	first, behind, _ := strings.Cut(text, "\n")
	if said, is := strings.CutPrefix(strings.ToLower(strings.Trim(first, "\" ")), "sep="); is {
		if r, size := utf8.DecodeRuneInString(said); size > 0 && size == len(said) && r != '"' && r != utf8.RuneError {
			return r, behind, 1
		}
		return ',', behind, 1
	}
	comma, n := 0, 0
	for line := range strings.Lines(text) {
		if strings.Contains(line, "\t") {
			return '\t', text, 0
		}
		commas, semicolons := strings.Count(line, ","), strings.Count(line, ";")
		switch {
		case comma != 0:
		case semicolons > commas:
			comma = ';'
		case commas > 0:
			comma = ','
		}
		if n++; n == 10 {
			break
		}
	}
	return cmp.Or(comma, ','), text, 0
}

// decodeText returns a text file as UTF-8. Content with control characters that do not occur in
// text is rejected; a few undecodable characters become 〓.
func decodeText(content []byte) (string, error) {
	var decoded []byte
	var err error
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		decoded, err = xunicode.UTF16(xunicode.LittleEndian, xunicode.ExpectBOM).NewDecoder().Bytes(content)
	case utf8.Valid(content):
		decoded = bytes.TrimPrefix(content, []byte("\ufeff"))
	default:
		decoded, err = simplifiedchinese.GB18030.NewDecoder().Bytes(withoutOwn(content))
	}
	if err != nil {
		return "", errCoding
	}
	text := string(decoded)
	unread, all := 0, 0
	for _, r := range text {
		all++
		switch {
		case r == utf8.RuneError:
			unread++
		case unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\f\x1a", r): // 1A ends DOS texts
			return "", errCoding
		}
	}
	if unread > 1 && unread*1000 > all*unknownPerMille {
		return "", errCoding
	}
	if unread > 0 {
		text = strings.Map(func(r rune) rune {
			if r == utf8.RuneError {
				return []rune(unknown)[0]
			}
			return r
		}, text)
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), nil
}

// withoutOwn replaces GBK's user-defined characters, mostly rare ones of names, by 〓: AAA1 to AFFE,
// F8A1 to FEFE and A140 to A7A0. The decoder has none of them, and would lose synchronisation.
func withoutOwn(content []byte) []byte {
	out := slices.Clone(content)
	for i := 0; i+1 < len(out); i++ {
		switch lead, next := out[i], out[i+1]; {
		case lead < 0x81 || next == 0xff:
		case next >= '0' && next <= '9': // a four-byte character
			i += 3
		case lead >= 0xaa && lead <= 0xaf && next >= 0xa1, lead >= 0xf8 && next >= 0xa1,
			lead >= 0xa1 && lead <= 0xa7 && next >= 0x40 && next <= 0xa0:
			out[i], out[i+1] = 0xa1, 0xfe
			i++
		default:
			i++
		}
	}
	return out
}
