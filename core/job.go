package core

import (
	"slices"
	"time"
)

// JobKind names work that is too long for one request; the server has a runner for each kind.
type JobKind string

// JobVerifyAudit checks the audit log's chain from end to end.
const JobVerifyAudit JobKind = "audit.verify"

// Title returns the name of the work in Chinese.
func (k JobKind) Title() string {
	if k == JobVerifyAudit {
		return "校验操作日志"
	}
	return string(k)
}

// Permission returns the permission an account needs to start the work.
func (k JobKind) Permission() Permission {
	if k == JobVerifyAudit {
		return PermAuditView
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
	State   JobState
	Done    int64  // steps done, of Total
	Total   int64  // 0 = not known
	Words   string // the result, or why it failed; for people
	Result  string // path of the page with the result; "" if there is none
	Tries   int    // how many servers have started it
	Created time.Time
	Begun   time.Time // zero = not yet
	Ended   time.Time // zero = not yet
}

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
}
