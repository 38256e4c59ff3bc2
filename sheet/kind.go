package sheet

import "bytes"

// Kind is the type of a file, judged by its content.
type Kind string

// The kinds of file that can be distinguished.
const (
	Text     Kind = "text"     // .txt and .csv: content does not distinguish them
	Workbook Kind = "workbook" // .xlsx
	Old      Kind = "old"      // .xls, or a password-protected workbook: both are OLE files
	Other    Kind = ""
)

// Endings returns the file name extensions of the kind, without the dot.
func (k Kind) Endings() []string {
	return map[Kind][]string{Text: {"txt", "csv"}, Workbook: {"xlsx"}}[k]
}

// KindOf detects the kind of a file, reading only as much as that takes.
func KindOf(content []byte) Kind {
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		if bytes.Contains(content, []byte("xl/workbook.xml")) || bytes.Contains(content, []byte(`xl\workbook.xml`)) {
			return Workbook // the names of a zip's entries are not compressed
		}
		return Other
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return Old
	}
	if _, err := decodeText(content); err != nil {
		return Other
	}
	return Text
}
