package core

import (
	"slices"
	"time"
)

// ExportKind is what a list that is exported is of: it is the stem of its records.
type ExportKind string

// The kinds of exports that may be made in the background.
const (
	ExportResidents     ExportKind = "resident"
	ExportHouses        ExportKind = "house"
	ExportAccessRecords ExportKind = "accessrecord"
	ExportExitSlips     ExportKind = "exitslip"
)

// ExportType describes a kind of export. A further kind is a row of ExportTypes, one of store's exportKinds, and one of
// its area's sheets.
type ExportType struct {
	Kind  ExportKind
	Label string     // of the records: 住户
	Unit  string     // counts them: 人
	Needs Permission // to export
	Whole Permission // besides, for numbers that are not masked; "" = they always are, or there are none
}

// ExportTypes are all kinds of exports.
var ExportTypes = []ExportType{
	{Kind: ExportResidents, Label: "住户", Unit: "人", Needs: PermResidentExport, Whole: PermResidentReveal},
	{Kind: ExportHouses, Label: "房屋", Unit: "套", Needs: PermResidentExport},
	{Kind: ExportAccessRecords, Label: "出入记录", Unit: "条", Needs: PermAccessRecordExport},
	{Kind: ExportExitSlips, Label: "出门条", Unit: "张", Needs: PermExitSlipExport},
}

// Type returns the kind's description; ok reports whether there is such a kind.
func (k ExportKind) Type() (t ExportType, ok bool) {
	at := slices.IndexFunc(ExportTypes, func(t ExportType) bool { return t.Kind == k })
	if at < 0 {
		return ExportType{}, false
	}
	return ExportTypes[at], true
}

// Job returns the kind of the job that makes the file.
func (k ExportKind) Job() JobKind { return exportJobs + JobKind(k) }

// exportJobs begins the kinds of jobs that make files.
const exportJobs = "export."

const (
	// ExportAtOnce is how many rows are sent while somebody waits; the file of more is made in the background.
	ExportAtOnce = 20_000
	// ExportLife is how long a file is kept after it was made.
	ExportLife = 24 * time.Hour
	// ExportsKept is how many files an account may have, or have waiting, at a time.
	ExportsKept = 10
)

// Export is a list of which a file is made in the background, and kept for a day.
type Export struct {
	ID        ID // that of its job
	Kind      ExportKind
	Account   ID    // who started it, and alone may have the file
	Community ID    // 0 = of all in Scope
	Scope     Scope // what the account could see of it when it was started
	Whole     bool  // numbers are not masked
	File      string
	Rows      int
	Size      int64     // in bytes
	Made      time.Time // zero = not yet
}

// Until returns when the file is removed.
func (e Export) Until() time.Time { return e.Made.Add(ExportLife) }

// Has reports whether there is a file at the moment.
func (e Export) Has(now time.Time) bool { return !e.Made.IsZero() && now.Before(e.Until()) }

// Check returns why an account may not have the file, as it may when it was started and may not any more; nil = it may.
func (e Export) Check(by Account) error {
	t, ok := e.Kind.Type()
	switch {
	case !ok || e.Account != by.ID:
		return NotFound("没有这份导出文件")
	case !by.Has(t.Needs), e.Whole && (t.Whole == "" || !by.Has(t.Whole)):
		return Forbidden("您已没有导出" + t.Label + "的权限")
	case !by.Scope.Covers(e.Scope):
		return Forbidden("这份文件里有您已不管理的小区，请重新导出")
	}
	return nil
}

// Words returns a line about a file that was made.
func (e Export) Words(zone *time.Location) string {
	t, _ := e.Kind.Type()
	return "共 " + Grouped(e.Rows) + " " + t.Unit + "，文件保留到 " + e.Until().In(zone).Format("2006-01-02 15:04") + "，只有您能下载。"
}
