package sheet

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// lined is a text whose lines are rows. It is a reader.
type lined struct {
	text    string
	comma   rune
	skipped int // lines before the text
	texts   *texts
}

func openText(content []byte) (*lined, error) {
	text, err := decodeText(content)
	if err != nil {
		return nil, err
	}
	comma, text, skipped := separator(text)
	return &lined{text: text, comma: comma, skipped: skipped, texts: newTexts()}, nil
}

func (l *lined) sheets() []Info { return []Info{{}} }

func (l *lined) size(context.Context, int) (int, error) { return strings.Count(l.text, "\n") + 1, nil }

func (l *lined) rows(ctx context.Context, _ int, r *rowing) error {
	if !strings.Contains(l.text, `"`) {
		return l.plain(ctx, r)
	}
	in := csv.NewReader(strings.NewReader(l.text))
	in.Comma, in.FieldsPerRecord, in.ReuseRecord, in.LazyQuotes = l.comma, -1, true, true
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errBroken
		}
		at, _ := in.FieldPos(0)
		if err := l.row(ctx, r, at+l.skipped, fields); err != nil {
			return err
		}
	}
}

// plain reads lines without quotes.
func (l *lined) plain(ctx context.Context, r *rowing) error {
	n := l.skipped
	for line := range strings.Lines(l.text) {
		n++
		if err := l.row(ctx, r, n, strings.Split(line, string(l.comma))); err != nil {
			return err
		}
	}
	return nil
}

func (l *lined) row(ctx context.Context, r *rowing, number int, fields []string) error {
	r.begin(number, false)
	for column, field := range fields {
		if err := r.cell(column, Cell{Text: l.texts.clean([]byte(field)), Kind: CellText}); err != nil {
			return err
		}
	}
	return r.end(ctx)
}
