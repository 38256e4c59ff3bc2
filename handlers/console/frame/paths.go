package frame

import "tongxing/core"

// URLs of the features' pages. A feature has its list at its path and a record's page below it;
// nothing else of a feature is known here.
const (
	HomePath              = "/console"
	AboutPath             = "/console/about"
	AccessRecordPath      = "/console/accessrecord"
	AccessRecordChartPath = AccessRecordPath + "/chart"
	AccountPath           = "/console/account"
	AccessAlertPath       = "/console/accessalert"
	AuditPath             = "/console/audit"
	AuditViewPath         = AuditPath + "/view" // who looked at whose whole numbers and pictures
	BatchPath             = "/console/batch"
	CertificationPath     = "/console/certification"
	CommunityPath         = "/console/community"
	ExitRulePath          = "/console/exitrule"
	ExitSlipPath          = "/console/exitslip"
	FilterPath            = "/console/filter"
	FollowerPath          = "/console/follower"
	FollowerTagPath       = "/console/followertag"
	GuidePath             = "/console/guide"
	GuardPath             = GuardPostPath + "/guard"
	GuardPostPath         = "/console/guardpost"
	HousePath             = "/console/house"
	ImportPath            = "/console/import"
	InstitutionPath       = "/console/institution"
	JobPath               = "/console/job"
	MePath                = "/console/me"
	MemberPath            = InstitutionPath + "/member"
	MessagePath           = "/console/message"
	UnreachedPath         = MessagePath + "/unreached"
	ObserverPath          = "/console/observer"
	PassRulePath          = "/console/passrule"
	ReaderPath            = "/console/reader"
	ReaderGroupPath       = "/console/readergroup"
	DoorCommandPath       = "/console/doorcommand"
	GuardShiftPath        = "/console/guardshift"
	ResidentPath          = "/console/resident"
	ReminderPath          = "/console/reminder"
	ReviewPath            = "/console/review"
	RestrictionPath       = "/console/restriction"
	RehearsalPath         = PassRulePath + "/rehearsal"
	RulePlanPath          = "/console/ruleplan"
	RolePath              = "/console/role"
	SavedViewPath         = "/console/savedview"
	ScopePath             = "/console/scope"
	SearchPath            = "/console/search"
	SessionPath           = "/console/session"
	SettingPath           = "/console/setting"
	StaffPath             = "/console/staff"
	TodoPath              = "/console/todo"
	VisitorPassPath       = "/console/visitorpass"
	VisitorBlockPath      = "/console/visitorblock"
	VisitorRulePath       = "/console/visitorrule"
	VisitorPosterPath     = VisitorRulePath + "/poster"
	WechatAppPath         = "/console/wechatapp"
	StarPath              = "/console/star"
	WechatFilePath        = "/console/wechatfile"
	OpenClientPath        = "/console/openclient"
	WechatMenuPath        = "/console/wechatmenu"
	WechatReplyPath       = "/console/wechatreply"
	WechatTemplatePath    = "/console/wechattemplate"
)

// pageOf returns the URL of a record's page.
func pageOf(path string, id core.ID) string { return path + "/" + id.String() }

// RehearsalURL returns the URL of a rehearsal.
func RehearsalURL(id core.ID) string { return pageOf(RehearsalPath, id) }

// AccessRecordURL returns the URL of an access record.
func AccessRecordURL(id core.ID) string { return pageOf(AccessRecordPath, id) }

// AccountURL returns the URL of an account.
func AccountURL(id core.ID) string { return pageOf(AccountPath, id) }

// AccessAlertURL returns the URL of an access alert.
func AccessAlertURL(id core.ID) string { return pageOf(AccessAlertPath, id) }

// AuditURL returns the URL of a row of the audit log.
func AuditURL(id core.ID) string { return pageOf(AuditPath, id) }

// BatchURL returns the URL of a batch.
func BatchURL(id core.ID) string { return pageOf(BatchPath, id) }

// CertificationURL returns the URL of an application to be certified.
func CertificationURL(id core.ID) string { return pageOf(CertificationPath, id) }

// VisitorPosterURL returns the URL of a poster.
func VisitorPosterURL(id core.ID) string { return pageOf(VisitorPosterPath, id) }

// ReviewURL returns the URL of a review: the page of what is applied for.
func ReviewURL(r core.Review) string { return pageOf("/console/"+string(r.Kind), r.ID) }

// CommunityURL returns the URL below which a community's form and acts are. It has no page of its own.
func CommunityURL(id core.ID) string { return pageOf(CommunityPath, id) }

// GuardURL returns the URL of a guard.
func GuardURL(id core.ID) string { return pageOf(GuardPath, id) }

// GuardPostURL returns the URL of a guard post.
func GuardPostURL(id core.ID) string { return pageOf(GuardPostPath, id) }

// GuardShiftURL returns the URL of a shift.
func GuardShiftURL(id core.ID) string { return pageOf(GuardShiftPath, id) }

// HouseURL returns the URL of a house.
func HouseURL(id core.ID) string { return pageOf(HousePath, id) }

// ImportURL returns the URL of an import.
func ImportURL(id core.ID) string { return pageOf(ImportPath, id) }

// InstitutionURL returns the URL of an institution.
func InstitutionURL(id core.ID) string { return pageOf(InstitutionPath, id) }

// MemberURL returns the URL of a member of an institution.
func MemberURL(id core.ID) string { return pageOf(MemberPath, id) }

// JobURL returns the URL of a job.
func JobURL(id core.ID) string { return pageOf(JobPath, id) }

// MessageURL returns the URL of a message of the ledger.
func MessageURL(id core.ID) string { return pageOf(MessagePath, id) }

// ReminderURL returns the URL below which an account's reminders are switched. There is no page at it.
func ReminderURL(id core.ID) string { return pageOf(ReminderPath, id) }

// ObserverURL returns the URL of an observer.
func ObserverURL(id core.ID) string { return pageOf(ObserverPath, id) }

// DoorCommandURL returns the URL of an order to a door.
func DoorCommandURL(id core.ID) string { return pageOf(DoorCommandPath, id) }

// ReaderGroupURL returns the URL of a group of readers.
func ReaderGroupURL(id core.ID) string { return pageOf(ReaderGroupPath, id) }

// ReaderURL returns the URL of a reader.
func ReaderURL(id core.ID) string { return pageOf(ReaderPath, id) }

// ResidentURL returns the URL of a resident.
func ResidentURL(id core.ID) string { return pageOf(ResidentPath, id) }

// StemURL returns the URL of a feature's list with a query.
func StemURL(stem, query string) string {
	if query == "" {
		return "/console/" + stem
	}
	return "/console/" + stem + "?" + query
}

// OpenClientURL returns the URL of a client of the open API.
func OpenClientURL(id core.ID) string { return pageOf(OpenClientPath, id) }

// StaffURL returns the URL of a staff member.
func StaffURL(id core.ID) string { return pageOf(StaffPath, id) }

// ExitSlipURL returns the URL of an exit slip.
func ExitSlipURL(id core.ID) string { return pageOf(ExitSlipPath, id) }

// VisitorPassURL returns the URL of a visit.
func VisitorPassURL(id core.ID) string { return pageOf(VisitorPassPath, id) }

// WechatAppURL returns the URL of an account of WeChat.
func WechatAppURL(id core.ID) string { return pageOf(WechatAppPath, id) }

// WechatReplyURL returns the URL of an official account's reply.
func WechatReplyURL(id core.ID) string { return pageOf(WechatReplyPath, id) }

// FollowerURL returns the URL of a follower's page.
func FollowerURL(id core.ID) string { return pageOf(FollowerPath, id) }

// FollowerTagURL returns the URL of a tag of followers, below which its acts are.
func FollowerTagURL(id core.ID) string { return pageOf(FollowerTagPath, id) }

// WechatFileURL returns the URL of a verification file, below which its acts are.
func WechatFileURL(id core.ID) string { return pageOf(WechatFilePath, id) }
