package core

import (
	"slices"
	"strings"
	"time"
)

// JobKind names work that is too long for one request; the server has a runner for each kind.
type JobKind string

// The kinds of jobs.
const (
	JobVerifyAudit JobKind = "audit.verify"  // checks the audit log's chain from end to end
	JobReadImport  JobKind = "import.read"   // reads the file of an import
	JobWriteImport JobKind = "import.write"  // writes its rows
	JobUndoImport  JobKind = "import.undo"   // takes back what it has written
	JobRehearse    JobKind = "rehearsal.run" // replays a community's records by other rules
)

// Title returns the name of the work in Chinese.
func (k JobKind) Title() string {
	if of, ok := k.Export().Type(); ok {
		return "导出" + of.Label
	}
	title, ok := map[JobKind]string{
		JobVerifyAudit: "校验操作日志", JobReadImport: "读取导入文件", JobWriteImport: "导入", JobUndoImport: "撤销导入",
		JobRehearse: "预演通行证设置",
	}[k]
	if !ok {
		return string(k)
	}
	return title
}

// Export returns what a job makes a file of; "" = it makes none.
func (k JobKind) Export() ExportKind {
	kind, of := strings.CutPrefix(string(k), exportJobs)
	if !of {
		return ""
	}
	return ExportKind(kind)
}

// Permission returns the permission an account needs to start the work again from its own page; "" = such
// work is started elsewhere.
func (k JobKind) Permission() Permission {
	if of, ok := k.Export().Type(); ok {
		return of.Needs
	}
	if k == JobVerifyAudit {
		return PermAuditView
	}
	return ""
}

// Page returns the page of what a job works on, below /console/; "" = it is the job's own.
func (j Job) Page() string {
	switch j.Kind {
	case JobReadImport, JobWriteImport, JobUndoImport:
		return "import/" + j.Subject.String()
	case JobRehearse:
		return "passrule/rehearsal/" + j.Subject.String()
	}
	return ""
}

// JobState is the progress of a job.
type JobState string

// The states. A job ends in one of the last four and never leaves it.
const (
	JobWaiting   JobState = "waiting"
	JobRunning   JobState = "running"
	JobDone      JobState = "done"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
	JobBroken    JobState = "broken" // its servers stopped responding, repeatedly
)

// Over reports whether the job has ended.
func (s JobState) Over() bool {
	return slices.Contains([]JobState{JobDone, JobFailed, JobCancelled, JobBroken}, s)
}

// Label returns the state in Chinese.
func (s JobState) Label() string {
	switch s {
	case JobWaiting:
		return "等待中"
	case JobRunning:
		return "进行中"
	case JobDone:
		return "已完成"
	case JobFailed:
		return "失败"
	case JobCancelled:
		return "已取消"
	case JobBroken:
		return "中断"
	}
	return string(s)
}

// Job is work that the server does in the background for an account. Its row survives pages and
// servers.
type Job struct {
	ID      ID
	Account ID
	Kind    JobKind
	Subject ID // what it works on; 0 = nothing of its own
	State   JobState
	Done    int64  // steps done, of Total
	Total   int64  // 0 = not known
	Words   string // the result, or why it failed; for people
	Result  string // path of the page with the result; "" if there is none
	Tries   int    // how many servers have started it
	Created time.Time
	Begun   time.Time // zero = not yet
	Ended   time.Time // zero = not yet
	Beat    time.Time // when its server was last heard of
}

// EndTitles return what who started the job is told of its end: in the bell, where its page is, and in a message, which leaves
// the console. Of an import both say what came of it, and the bell alone names the file, for its name may be somebody's.
func (j Job) EndTitles(file string) (bell, message string) {
	bell = j.Kind.Title() + "：" + j.State.Label()
	if file == "" {
		return bell, bell
	}
	words := strings.TrimSuffix(j.Words, "。")
	switch {
	case j.State == JobDone && words != "":
		return file + "：" + words, "导入：" + words
	case words != "":
		return file + "：" + j.Kind.Title() + j.State.Label() + "，" + words, bell
	}
	return file + "：" + j.Kind.Title() + j.State.Label(), bell
}

// jobSilence is how long the server of a job may be silent before people are told that another takes over.
const jobSilence = 10 * time.Second

// Silent reports whether a job that runs has lost its server: another one goes on with it.
func (j Job) Silent(now time.Time) bool { return j.State == JobRunning && now.Sub(j.Beat) > jobSilence }

// Percent returns the progress, 0 to 100; 0 if the total is not known. Only a finished job shows
// 100.
func (j Job) Percent() int {
	switch {
	case j.State == JobDone:
		return 100
	case j.Total <= 0 || j.Done <= 0:
		return 0
	}
	return int(min(99, 100*min(j.Done, j.Total)/j.Total))
}

// jobFields label what the audit log records of a job.
var jobFields = []AuditField{
	{Key: "name", Label: "任务"},
	{Key: "file", Label: "文件"},
	{Key: "rows", Label: "行数"},
	{Key: "whole", Label: "完整号码"},
}
