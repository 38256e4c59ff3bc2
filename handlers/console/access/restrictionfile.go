package access

import (
	"fmt"
	"slices"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
)

// restrictionFile is the field of a list file, and maxRestrictionList its maximum size: a list of
// 500 houses takes a hundredth of it.
const (
	restrictionFile    = "file"
	maxRestrictionList = 1 << 20
)

// restrictionRead is the result of reading a form's list file; zero = no file.
type restrictionRead struct {
	read   bool     // its lines were added to the pasted list
	unread string   // the name of an unreadable file
	notes  []string // how it was read, shown to the user
}

// readRestrictionFile appends the lines of a list file to the pasted list, so that it is reviewed,
// corrected and submitted like a pasted one.
func readRestrictionFile(c *web.Context, form *restrictionForm) (restrictionRead, error) {
	if !c.HasUpload(restrictionFile) {
		return restrictionRead{}, nil
	}
	file, err := c.Upload(web.UploadRule{
		Field: restrictionFile, Kinds: []sheet.Kind{sheet.Text, sheet.Workbook}, Most: maxRestrictionList,
	})
	if err != nil {
		return restrictionRead{unread: file.Name}, err
	}
	table, err := c.Table(file, 10*store.MaxRestriction) // to be able to report how many there are
	if err != nil {
		return restrictionRead{unread: file.Name}, err
	}
	pasted, err := joinLists(form.Pasted, core.HouseLines(table.Rows))
	if err != nil {
		return restrictionRead{unread: file.Name, notes: table.Notes()}, err
	}
	form.Pasted = pasted
	return restrictionRead{read: true, notes: table.Notes()}, nil
}

// joinLists appends the lines of a file to a pasted list, except those already in it.
func joinLists(pasted string, file []string) (string, error) {
	if len(file) == 0 {
		return "", core.InvalidFields(map[string]string{restrictionFile: "文件里没有找到房屋，请把房屋写在第一列"})
	}
	lines := core.ListLines(pasted)
	typed := len(lines)
	for _, line := range file {
		if !slices.Contains(lines[:typed], line) {
			lines = append(lines, line)
		}
	}
	if len(lines) <= store.MaxRestriction {
		return strings.Join(lines, "\n"), nil
	}
	words := fmt.Sprintf("文件里有 %d 行，一次最多 %d 行，请分成几份", len(file), store.MaxRestriction)
	if typed > 0 {
		words = fmt.Sprintf("连同已粘贴的共有 %d 行，一次最多 %d 行，请分成几份", len(lines), store.MaxRestriction)
	}
	return "", core.InvalidFields(map[string]string{restrictionFile: words})
}

// unlooked refuses to save a list file that was not reviewed: what its lines mean is shown first.
// wrong is any other error.
func (r restrictionRead) unlooked(form restrictionForm, wrong error) error {
	if form.Act != "save" || !r.read {
		return wrong
	}
	return core.InvalidFields(map[string]string{restrictionFile: "名单已读入，还没有生效：请核对下面的结果，再按“限制出入”"})
}

// matchTally returns, as text, how many lines had which result.
func matchTally(matches []core.HouseMatch) string {
	if len(matches) == 0 {
		return ""
	}
	var one, several, none int
	for _, match := range matches {
		switch len(match.Houses) {
		case 0:
			none++
		case 1:
			one++
		default:
			several++
		}
	}
	words := fmt.Sprintf("名单有 %d 行：%d 行已匹配", len(matches), one)
	if several > 0 {
		words += fmt.Sprintf("，%d 行不止一套", several)
	}
	if none > 0 {
		words += fmt.Sprintf("，%d 行没有找到", none)
	}
	return words + "。"
}
