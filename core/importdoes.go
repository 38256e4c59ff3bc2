package core

import (
	"cmp"
	"maps"
	"slices"
)

// ImportSkipped is what a row does that somebody's choices leave out: see ImportRow.Does. No row is kept with it.
const ImportSkipped ImportVerdict = "skipped"

// ImportKept counts the records that taking an import back has kept, as they were changed since.
const ImportKept = "kept"

// ImportFills counts the rows that change a record even if only what it lacks is taken.
const ImportFills = "fills"

// TakenBack returns in words what became of what an import had written, once that was taken back.
func (i Import) TakenBack() string {
	if kept := i.Written[ImportKept]; kept > 0 {
		return "已撤销，保留 " + Grouped(kept) + " 项"
	}
	return "已全部撤销"
}

// Outcome returns in words what came of an import once its file was read, and once its rows were written.
func (i Import) Outcome() string {
	wrong := i.Counts.Of(ImportWrong)
	switch i.State {
	case ImportMapping:
		return "请对应文件的列"
	case ImportPreview:
		words := "已读取 " + Grouped(i.Counts.Rows()) + " 行，"
		if wrong > 0 {
			words += Grouped(wrong) + " 行有错误，"
		}
		return words + "请核对后导入"
	case ImportDone:
		words := i.Words()
		if wrong > 0 {
			words += "，" + Grouped(wrong) + " 行没有导入"
		}
		return words
	case ImportFailed:
		return i.Problem
	}
	return ""
}

// JobEnd returns Outcome as the end of the job that worked on the import: an error if that has failed.
func (i Import) JobEnd() (string, error) {
	if i.State == ImportFailed {
		return "", Invalid(i.Problem)
	}
	if words := i.Outcome(); words != "" {
		return words + "。", nil
	}
	return i.TakenBack() + "。", nil
}

// Change sets the verdict of a row that changes a record: its values were, and with its gaps filled alone they would be
// filled.
func (r *ImportRow) Change(was, filled []string) {
	r.Verdict, r.Was, r.Fills = ImportChanged, was, nil
	for i := range was {
		if filled[i] != was[i] {
			r.Fills = append(r.Fills, i)
		}
	}
}

// Does returns what a row does by somebody's choices; without any, what it was judged to do.
func (r ImportRow) Does(c ImportChoices) ImportVerdict {
	switch {
	case c.Known == "":
	case r.Verdict == ImportTie && !c.Ties, r.Verdict == ImportBack && !c.Back, r.Verdict == ImportChanged && c.Known == ImportSkip:
		return ImportSkipped
	case r.Verdict == ImportChanged && c.Known == ImportFill && len(r.Fills) == 0:
		return ImportSame
	}
	return r.Verdict
}

// Takes reports whether a row's value takes the place of its record's by somebody's choices.
func (r ImportRow) Takes(c ImportChoices, at int) bool {
	if r.Verdict == ImportBack {
		return c.Back
	}
	return c.Known != ImportSkip && (c.Known != ImportFill || slices.Contains(r.Fills, at))
}

// By counts the rows by what they do by somebody's choices.
func (c ImportCounts) By(choices ImportChoices) ImportCounts {
	by := ImportCounts{}
	maps.Copy(by, c)
	move := func(from, to ImportVerdict, n int) {
		by[string(from)] -= n
		by[string(to)] += n
	}
	if choices.Known == "" {
		return by
	}
	if !choices.Ties {
		move(ImportTie, ImportSkipped, c.Of(ImportTie))
	}
	if !choices.Back {
		move(ImportBack, ImportSkipped, c.Of(ImportBack))
	}
	switch choices.Known {
	case ImportSkip:
		move(ImportChanged, ImportSkipped, c.Of(ImportChanged))
	case ImportFill:
		move(ImportChanged, ImportSame, c.Of(ImportChanged)-c[ImportFills])
	}
	return by
}

// Counted is a number of things, to be said if there are any.
type Counted struct {
	Verb string // what happened to them, said once for those behind it of the same: 添加
	N    int
	Unit string
}

// CountedWords returns numbers in one line, without those that are zero: 添加 3 名住户、1 套房屋，修改 2 名住户; or none.
func CountedWords(none string, parts ...Counted) string {
	var words, said string
	for _, part := range parts {
		switch {
		case part.N == 0:
			continue
		case words == "":
			words = part.Verb + " "
		case part.Verb == said:
			words += "、"
		default:
			words += "，" + part.Verb + " "
		}
		said = part.Verb
		words += Grouped(part.N) + " " + part.Unit
	}
	return cmp.Or(words, none)
}
