package core

import (
	"slices"
	"time"
)

// JobKind names work that is too long for one request; the server has a runner
// for each.
type JobKind string

// JobVerifyAudit checks the audit log's chain from end to end.
const JobVerifyAudit JobKind = "audit.verify"

// Title is what people call the work, in Chinese.
func (k JobKind) Title() string {
	if k == JobVerifyAudit {
		return "校验操作日志"
	}
	return string(k)
}

// Permission is what an account needs to begin the work.
func (k JobKind) Permission() Permission {
	if k == JobVerifyAudit {
		return PermAuditView
	}
	return ""
}

// JobState is how far a job has come.
type JobState string

// The states. A job ends in one of the last four and never leaves it.
const (
	JobWaiting   JobState = "waiting"
	JobRunning   JobState = "running"
	JobDone      JobState = "done"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
	JobBroken    JobState = "broken" // its servers stopped answering, again and again
)

// Over reports that the job will not go on.
func (s JobState) Over() bool {
	return slices.Contains([]JobState{JobDone, JobFailed, JobCancelled, JobBroken}, s)
}

// Label is the state in Chinese.
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

// Job is work that the server does in the background for an account. Its row
// outlives pages and servers.
type Job struct {
	ID      ID
	Account ID
	Kind    JobKind
	State   JobState
	Done    int64  // steps done, of Total
	Total   int64  // 0 = not known
	Words   string // what was found, or why it failed; for people
	Result  string // path of the page with the result; empty for none
	Tries   int    // how many servers have begun it
	Created time.Time
	Begun   time.Time // zero = not yet
	Ended   time.Time // zero = not yet
}

// Percent is how much is done, 0 to 100; 0 where the whole is not known. Only a job
// that is done shows 100.
func (j Job) Percent() int {
	switch {
	case j.State == JobDone:
		return 100
	case j.Total <= 0 || j.Done <= 0:
		return 0
	}
	return int(min(99, 100*min(j.Done, j.Total)/j.Total))
}

// jobFields are the words of what the audit log keeps of a job.
var jobFields = []AuditField{
	{Key: "name", Label: "任务"},
}
