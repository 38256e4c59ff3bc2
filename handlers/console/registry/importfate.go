package registry

import (
	"slices"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// importTakenBack reports whether what an import has written was taken back, or nothing was written.
func importTakenBack(imp core.Import) bool {
	switch imp.State {
	case core.ImportUndone, core.ImportCancelled, core.ImportFailed:
		return true
	}
	return false
}

// importFate is what became of a row of an import that was taken back; without text, what it was before. why it was kept.
type importFate struct {
	templates.Badge
	why string
}

// fatesRead bounds how many things that were kept are looked at.
const fatesRead = 500

// importKeeps is what taking an import back has kept, with the reasons.
type importKeeps struct {
	byThing map[core.ID]string
	byName  map[string][]string // of records
	byHouse map[string][]string // of houses that were added
	whole   bool                // there are no others
}

// importFates returns what became of rows of an import that was taken back: nil = it was not.
func (p *Pages) importFates(c *web.Context, of importRowsOf, rows []core.ImportRow, more bool) ([]importFate, error) {
	if !importTakenBack(of.imp) {
		return nil, nil
	}
	keeps := importKeeps{map[core.ID]string{}, map[string][]string{}, map[string][]string{}, true}
	for _, batch := range []core.ID{of.imp.Batch, of.imp.Houses} {
		if batch == 0 || of.imp.Written[core.ImportKept] == 0 {
			continue
		}
		b, err := p.Store.Batch(c.Ctx(), c.Scope(), batch)
		if err != nil {
			return nil, err
		}
		kept, further, err := p.Store.BatchItems(c.Ctx(), b, store.BatchItemFilter{
			State: core.BatchItemKept, Page: store.Page{Limit: fatesRead},
		})
		if err != nil {
			return nil, err
		}
		keeps.whole = keeps.whole && !further
		for _, item := range kept {
			named := keeps.byName
			if batch == of.imp.Houses {
				named = keeps.byHouse
			}
			keeps.byThing[item.Thing] = item.Why.Label()
			named[item.Name] = append(named[item.Name], item.Why.Label())
		}
	}
	return keeps.fates(of, rows, more), nil
}

// fates judges rows. A new record is known by its name alone: a row is in doubt if there are more of the name than were kept, and
// if what was kept has since got a name that no row has.
func (k importKeeps) fates(of importRowsOf, rows []core.ImportRow, more bool) []importFate {
	named, doubt := map[string]int{}, !k.whole
	for _, row := range rows {
		named[importRowName(of, row)]++
	}
	for _, name := range k.strangers(rows, named) {
		doubt = doubt || !more || name == ""
	}
	gone := "已撤销"
	if of.imp.State != core.ImportUndone {
		gone = "未导入"
	}
	fates := make([]importFate, len(rows))
	for i, row := range rows {
		name := importRowName(of, row)
		switch row.Does(of.choices) {
		case core.ImportSame, core.ImportWrong, core.ImportSkipped:
		case core.ImportPlace:
			fates[i] = fateOf(k.byHouse[name], 1, false, gone)
		case core.ImportNew, core.ImportTie:
			fates[i] = fateOf(k.byName[name], named[name], doubt, gone)
		default:
			var reasons []string
			if why, kept := k.byThing[row.Target]; kept {
				reasons = []string{why}
			}
			fates[i] = fateOf(reasons, 1, false, gone)
		}
	}
	return fates
}

// fateOf judges a row that is one of several, of which as many were kept as there are reasons; gone is what is said of the others.
func fateOf(reasons []string, several int, doubt bool, gone string) importFate {
	switch {
	case len(reasons) > 0 && len(reasons) < several, len(reasons) == 0 && doubt:
		return importFate{Badge: templates.Badge{Tone: templates.Warn, Text: gone + "或保留"}}
	case len(reasons) > 0:
		return importFate{templates.Badge{Tone: templates.Warn, Text: "保留"}, reasons[0]}
	}
	return importFate{Badge: templates.Badge{Tone: templates.Neutral, Text: gone}}
}

// strangers returns the names of what was kept that none of some rows has, nor changed.
func (k importKeeps) strangers(rows []core.ImportRow, named map[string]int) []string {
	known := 0
	for _, row := range rows {
		if _, kept := k.byThing[row.Target]; kept && row.Target != 0 {
			known++
		}
	}
	var names []string
	for name := range k.byName {
		if named[name] == 0 {
			names = append(names, name)
		}
	}
	if len(names) <= known {
		return nil
	}
	return names
}

// importRowName returns the name in a row; of a house, what it is called.
func importRowName(of importRowsOf, row core.ImportRow) string {
	at := slices.IndexFunc(of.columns, func(c core.ImportColumn) bool { return c.Key == "name" })
	if at < 0 || row.Verdict == core.ImportPlace {
		return row.Label
	}
	return row.Values[at]
}
