package core

import (
	"strconv"
	"time"
)

// Settings are what an administrator can change while the program runs 系统设置. Their defaults come
// from the configuration.
type Settings struct {
	RecordDays         int        `json:"record_days"`          // days access records are kept; 0 = for ever
	ConsoleIdleMinutes int        `json:"console_idle_minutes"` // a console session ends after this long without a request
	ReviewDays         int        `json:"review_days"`          // days of work after which a review is overdue
	ReviewPhotoDays    int        `json:"review_photo_days"`    // days the pictures of a decided review are kept
	Quiet              QuietHours `json:"quiet"`                // when only urgent messages are sent
	Updated            time.Time  `json:"-"`                    // when they were last saved; long ago where they never were
}

// Bounds of the settings. Records are kept for at least a month: a slip must not delete what an
// investigation needs.
const (
	MinRecordDays  = 30
	MaxRecordDays  = 3650
	MinIdleMinutes = 5
	MaxIdleMinutes = 1440

	MaxReviewDays      = 30
	MaxReviewPhotoDays = 365
)

// Check returns an Invalid error that names the bad settings.
func (s Settings) Check() error {
	fields := map[string]string{}
	if s.RecordDays != 0 && (s.RecordDays < MinRecordDays || s.RecordDays > MaxRecordDays) {
		fields["record_days"] = "请填写 " + strconv.Itoa(MinRecordDays) + " 至 " + strconv.Itoa(MaxRecordDays) + " 天，或 0（永久保留）"
	}
	if s.ConsoleIdleMinutes < MinIdleMinutes || s.ConsoleIdleMinutes > MaxIdleMinutes {
		fields["console_idle_minutes"] = "请填写 " + strconv.Itoa(MinIdleMinutes) + " 至 " + strconv.Itoa(MaxIdleMinutes) + " 分钟"
	}
	if s.ReviewDays < 1 || s.ReviewDays > MaxReviewDays {
		fields["review_days"] = "请填写 1 至 " + strconv.Itoa(MaxReviewDays) + " 个工作日"
	}
	if s.ReviewPhotoDays < 1 || s.ReviewPhotoDays > MaxReviewPhotoDays {
		fields["review_photo_days"] = "请填写 1 至 " + strconv.Itoa(MaxReviewPhotoDays) + " 天"
	}
	if !hourOfDay(s.Quiet.From) {
		fields["quiet_from"] = "请选择几点开始"
	}
	if !hourOfDay(s.Quiet.To) {
		fields["quiet_to"] = "请选择几点结束"
	}
	return InvalidFields(fields)
}

func hourOfDay(hour int) bool { return hour >= 0 && hour < 24 }

// DeletesMore reports whether anything that other keeps would be purged.
func (s Settings) DeletesMore(other Settings) bool {
	return s.DeletesRecords(other) || s.DeletesPhotos(other)
}

// DeletesRecords reports whether access records that other keeps would be purged, and what is kept as long as they are.
func (s Settings) DeletesRecords(other Settings) bool {
	return s.RecordDays != 0 && (other.RecordDays == 0 || s.RecordDays < other.RecordDays)
}

// DeletesPhotos reports whether pictures of decided reviews that other keeps would be purged.
func (s Settings) DeletesPhotos(other Settings) bool {
	return s.ReviewPhotoDays < other.ReviewPhotoDays
}

// settingFields label what the audit log records of the settings.
var settingFields = []AuditField{
	{Key: "record_days", Label: "出入记录保留天数"},
	{Key: "console_idle_minutes", Label: "后台无操作退出（分钟）"},
	{Key: "review_days", Label: "审核期限（工作日）"},
	{Key: "review_photo_days", Label: "审核照片保留天数"},
	{Key: "quiet", Label: "夜间免打扰"},
}
