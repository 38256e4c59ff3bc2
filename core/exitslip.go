package core

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ExitState is how far an exit slip has come.
type ExitState string

// The states. The first three, and ExitWithdrawn, are stored as the answer to an application; the others follow from what happened
// since.
const (
	ExitWaiting   ExitState = "waiting"
	ExitGranted   ExitState = "granted"
	ExitRejected  ExitState = "rejected"
	ExitWithdrawn ExitState = "withdrawn" // by who applied
	ExitPartial   ExitState = "partial"   // some of the things have left
	ExitLeft      ExitState = "left"      // all have
	ExitRevoked   ExitState = "revoked"   // by the office
	ExitExpired   ExitState = "expired"
)

// ExitStates returns all states, in display order.
func ExitStates() []ExitState {
	return []ExitState{
		ExitWaiting, ExitGranted, ExitPartial, ExitLeft, ExitExpired, ExitRejected, ExitWithdrawn, ExitRevoked,
	}
}

// Valid reports whether the state is one of ExitStates.
func (s ExitState) Valid() bool { return slices.Contains(ExitStates(), s) }

// Label returns the state in Chinese.
func (s ExitState) Label() string {
	switch s {
	case ExitWaiting:
		return "待审核"
	case ExitGranted:
		return "待出门"
	case ExitRejected:
		return "未通过"
	case ExitWithdrawn:
		return "已撤回"
	case ExitPartial:
		return "部分放行"
	case ExitLeft:
		return "已放行"
	case ExitRevoked:
		return "已撤销"
	case ExitExpired:
		return "已过期"
	}
	return string(s)
}

// ExitItem is a line of a slip: what is carried out.
type ExitItem struct {
	N     int // its place, from 1
	Name  string
	Count int
	Photo ID        // 0 = none
	Left  time.Time // zero = it has not left
	Gate  string    // by which it left
	Guard string    // who released it

	Record ID // the access record of that
}

// Text returns the line in Chinese: 冰箱 1 件.
func (i ExitItem) Text() string { return fmt.Sprintf("%s %d 件", i.Name, i.Count) }

// ExitSlip is what lets things be carried out of a community 出门条. Phone and Plate are unmasked only for callers allowed to
// ask for them.
type ExitSlip struct {
	ID          ID
	Community   ID
	Answer      ExitState // ExitWaiting, ExitGranted, ExitRejected or ExitWithdrawn
	Refusal     string    // why it was rejected
	Applicant   ID        // the WeChat user who applied; 0 = the office issued it at the desk
	Issuer      string    // who of the office issued it; "" = it was applied for
	Tie         ID        // of the resident who applied; 0 = the office issued it
	House       ID
	HouseLabel  string
	Pass        ID
	Name        string // of who carries the things out
	Phone       string // "" = not given
	Plate       string // likewise
	Carrier     string
	Destination string
	Reason      string
	Remark      string
	Given       map[string]string // while applying: what was written into the form's added fields, by key
	Answers     []FormAnswer      // the same as stored
	ArrearsFen  int64             // what the house owed when it was applied for
	Items       []ExitItem
	Total       int    // how many items there are
	LeftMask    uint64 // which have left: bit N-1
	Planned     time.Time
	From        time.Time
	Until       time.Time // after it nothing leaves by it
	Revoked     time.Time
	LeftAt      time.Time // the latest; zero = nothing has left
	Created     time.Time
	Updated     time.Time
}

// Bounds of a slip.
const (
	MaxExitItems   = MaxIdlePhotos // each may have a picture, which somebody sends before the form
	MaxExitCount   = 999           // of one item
	MaxExitName    = 40            // characters of an item
	MaxExitText    = 100
	MaxExitDays    = 30 // from now to the time
	MaxOpenExits   = 5  // of one house: waiting, or good still
	MaxDailyExits  = 10 // applications of one house within a day
	exitLateLimit  = 10 * time.Minute
	exitCodeMark   = "CMT" // what the code of a slip begins with, so that no other code of the gate is read as one
	exitCodeLetter = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	exitCodeRandom = 26 // characters of five bits each
)

// NewExitCode returns the code of a slip's QR of as many random bytes as it has characters: 130 bits, as a token has.
func NewExitCode(random []byte) string {
	code := make([]byte, exitCodeRandom)
	for i := range code {
		code[i] = exitCodeLetter[random[i]&31]
	}
	return exitCodeMark + string(code)
}

// ExitCodeBytes is how many random bytes NewExitCode takes.
const ExitCodeBytes = exitCodeRandom

// ReadExitCode returns the code of a slip that was scanned or typed; ok is false if it cannot be one.
func ReadExitCode(text string) (code string, ok bool) {
	if len(text) > 8*exitCodeRandom {
		return "", false
	}
	code = strings.ToUpper(compact(StripMarks(text)))
	rest, marked := strings.CutPrefix(code, exitCodeMark)
	if !marked || len(rest) != exitCodeRandom || strings.Trim(rest, exitCodeLetter) != "" {
		return "", false
	}
	return code, true
}

// State returns how far the slip has come at an instant.
func (e ExitSlip) State(now time.Time) ExitState {
	switch {
	case e.Total > 0 && e.Gone() >= e.Total:
		return ExitLeft
	case !e.Revoked.IsZero():
		return ExitRevoked
	case e.Answer == ExitRejected, e.Answer == ExitWithdrawn:
		return e.Answer
	case now.After(e.Until):
		return ExitExpired
	case e.Answer == ExitWaiting:
		return ExitWaiting
	case e.Gone() > 0:
		return ExitPartial
	}
	return ExitGranted
}

// Gone returns how many items have left.
func (e ExitSlip) Gone() int { return bits.OnesCount64(e.LeftMask) }

// Usable reports whether something can leave by the slip still.
func (e ExitSlip) Usable(now time.Time) bool {
	state := e.State(now)
	return state == ExitGranted || state == ExitPartial
}

// GoneText returns in Chinese how many of the items have left: 3 项，已放行 1 项.
func (e ExitSlip) GoneText() string {
	if gone := e.Gone(); gone > 0 {
		return fmt.Sprintf("%d 项，已放行 %d 项", e.Total, gone)
	}
	return fmt.Sprintf("%d 项", e.Total)
}

// ItemsText returns the items at some places in one line.
func (e ExitSlip) ItemsText(places []int) string {
	var words []string
	for _, item := range e.Items {
		if slices.Contains(places, item.N) {
			words = append(words, item.Text())
		}
	}
	return strings.Join(words, "、")
}

// Pending returns the places of the items that have not left.
func (e ExitSlip) Pending() []int {
	var places []int
	for _, item := range e.Items {
		if item.Left.IsZero() {
			places = append(places, item.N)
		}
	}
	return places
}

// Photos returns the pictures of the items.
func (e ExitSlip) Photos() []ID {
	var ids []ID
	for _, item := range e.Items {
		if item.Photo != 0 {
			ids = append(ids, item.Photo)
		}
	}
	return ids
}

// ExitMask returns the bits of items at some places.
func ExitMask(places []int) (mask uint64) {
	for _, n := range places {
		if n >= 1 && n <= MaxExitItems {
			mask |= 1 << (n - 1)
		}
	}
	return mask
}

// Normalized returns a slip with its texts in their stored form, and an Invalid error by field: the keys of ExitBases and of the
// form's added fields, and item_N for the line N as it was sent. now is when it is made. Empty lines are left out.
func (e ExitSlip) Normalized(rule ExitRule, now time.Time, zone *time.Location) (ExitSlip, error) {
	items, fields := e.checkItems(rule.Form.Use("photo"))
	answers, wrong := rule.Form.Judge(e.given())
	delete(wrong, "photo") // each item says it
	for field, message := range e.check(now) {
		if wrong[field] == "" {
			wrong[field] = message
		}
	}
	maps.Copy(wrong, fields)
	e = e.stored()
	e.Items, e.Total, e.Answers, e.Given = items, len(items), answers, nil
	e.From, e.Until = rule.Window(e.Planned, zone)
	return e, InvalidFields(wrong)
}

// checkItems returns the lines in their stored form, and what is wrong by field.
func (e ExitSlip) checkItems(photo FormUse) ([]ExitItem, map[string]string) {
	fields := map[string]string{}
	var items []ExitItem
	for i, item := range e.Items {
		item.Name = Clean(item.Name)
		if item.Name == "" && item.Photo == 0 {
			continue
		}
		if message := item.check(photo); message != "" {
			fields[fmt.Sprintf("item_%d", i+1)] = message
		}
		item = ExitItem{N: len(items) + 1, Name: item.Name, Count: item.Count, Photo: item.Photo}
		items = append(items, item)
	}
	switch {
	case len(items) == 0:
		fields["items"] = "请填写要带出的物品"
	case len(items) > MaxExitItems:
		fields["items"] = fmt.Sprintf("一张出门条最多 %d 项物品，其余的请另外申请", MaxExitItems)
	}
	return items, fields
}

// check returns what is wrong with a line.
func (i ExitItem) check(photo FormUse) string {
	switch n := utf8.RuneCountInString(i.Name); {
	case n == 0:
		return "请填写物品名称"
	case n > MaxExitName:
		return fmt.Sprintf("物品名称最多 %d 个字", MaxExitName)
	case i.Count < 1 || i.Count > MaxExitCount:
		return fmt.Sprintf("件数应为 1 至 %d", MaxExitCount)
	case photo == FormRequired && i.Photo == 0:
		return "请上传“" + i.Name + "”的照片"
	case photo == FormHidden && i.Photo != 0:
		return "本小区的表单不用上传照片"
	}
	return ""
}

// given returns what the form was filled in with, by key. The house and the items are checked by themselves.
func (e ExitSlip) given() map[string]string {
	given := map[string]string{}
	maps.Copy(given, e.Given)
	maps.Copy(given, map[string]string{
		"name": e.Name, "phone": e.Phone, "plate": e.Plate, "carrier": e.Carrier, "destination": e.Destination, "reason": e.Reason,
		"remark": e.Remark, "house": e.House.String(), "items": "-",
	})
	if len(e.Photos()) > 0 {
		given["photo"] = "-"
	}
	if !e.Planned.IsZero() {
		given["planned"] = e.Planned.String()
	}
	return given
}

// stored returns the slip with its texts in their stored form, as far as they have one.
func (e ExitSlip) stored() ExitSlip {
	for _, text := range []*string{&e.Name, &e.Carrier, &e.Destination, &e.Reason, &e.Remark} {
		*text = Clean(*text)
	}
	if phone, err := NormalizeMobile(e.Phone); err == nil {
		e.Phone = phone
	}
	if plate, err := NormalizePlate(e.Plate); err == nil {
		e.Plate = plate
	}
	e.Phone = Clean(e.Phone)
	return e
}

// check returns what is wrong with the values, by field.
func (e ExitSlip) check(now time.Time) map[string]string {
	fields := map[string]string{}
	if !nameText(Clean(e.Name), MaxName) {
		fields["name"] = "请填写申请人姓名，最多 40 个字"
	}
	for field, err := range map[string]error{
		"phone": unlessEmpty(e.Phone, NormalizeMobile), "plate": unlessEmpty(e.Plate, NormalizePlate),
	} {
		if err != nil {
			fields[field] = MessageOf(err)
		}
	}
	for field, text := range map[string]string{
		"carrier": e.Carrier, "destination": e.Destination, "reason": e.Reason, "remark": e.Remark,
	} {
		if utf8.RuneCountInString(Clean(text)) > MaxExitText {
			fields[field] = fmt.Sprintf("最多 %d 个字", MaxExitText)
		}
	}
	switch {
	case e.Planned.IsZero():
		fields["planned"] = "请选择出门时间"
	case e.Planned.Before(now.Add(-exitLateLimit)):
		fields["planned"] = "出门时间应晚于现在"
	case e.Planned.After(now.AddDate(0, 0, MaxExitDays)):
		fields["planned"] = fmt.Sprintf("出门时间最晚是 %d 天以后", MaxExitDays)
	}
	return fields
}

// ExitColumns are the columns of an export of exit slips.
var ExitColumns = []string{
	"提交时间", "小区", "房屋", "申请人", "手机", "物品", "车牌", "事由", "出门时间", "有效期至", "状态", "已放行", "最近放行", "开具",
}

// Cells returns the slip's values in the order of ExitColumns, with its times in zone. community is the community's name.
func (e ExitSlip) Cells(community string, now time.Time, zone *time.Location) []any {
	var left any
	if !e.LeftAt.IsZero() {
		left = e.LeftAt.In(zone)
	}
	all := make([]int, len(e.Items))
	for i, item := range e.Items {
		all[i] = item.N
	}
	issued := "住户申请"
	if e.Issuer != "" {
		issued = "物业 " + e.Issuer
	}
	return []any{
		e.Created.In(zone), community, e.HouseLabel, e.Name, e.Phone, e.ItemsText(all), e.Plate, e.Reason, e.Planned.In(zone),
		e.Until.In(zone), e.State(now).Label(), fmt.Sprintf("%d/%d", e.Gone(), e.Total), left, issued,
	}
}

// exitSlipFields label what the audit log records of a slip and of an export.
var exitSlipFields = []AuditField{
	{Key: "name", Label: "申请人"},
	{Key: "phone", Label: "手机"},
	{Key: "plate", Label: "车牌"},
	{Key: "house", Label: "房屋"},
	{Key: "items", Label: "物品项数"},
	{Key: "photos", Label: "照片数"},
	{Key: "planned", Label: "出门时间"},
	{Key: "until", Label: "有效期至"},
	{Key: "arrears", Label: "欠费（元）"},
	{Key: "answer", Label: "结果", Value: labelOf(ExitState.Label)},
	{Key: "reason", Label: "不通过的原因"},
	{Key: "answers", Label: "表单其他内容"},
	{Key: "issuer", Label: "开具人"},
	{Key: "revoked", Label: "已撤销"},
	{Key: "state", Label: "状态", Value: labelOf(ExitState.Label)},
	keywordField,
}
