package core

import (
	"slices"
	"strings"
	"time"
)

// BatchKind is what a batch did: the name of its act in the audit log.
type BatchKind string

// The kinds of batches.
const (
	BatchHouses    BatchKind = "house.create"
	BatchResidents BatchKind = "resident.create_many"
	BatchMoveOut   BatchKind = "resident.move_out"
	BatchRestrict  BatchKind = "restriction.create"
	BatchLift      BatchKind = "restriction.lift"
	BatchReaderQR  BatchKind = "reader.switch_qr"
	BatchAlerts    BatchKind = "accessalert.handle"
	BatchRenew     BatchKind = "member.renew"
	BatchExits     BatchKind = "exitslip.revoke"
	BatchCalls     BatchKind = "message.call"
	BatchBlocks    BatchKind = "visitorblock.create"

	BatchReaderPermit BatchKind = "reader.permit"

	BatchVisitLeave BatchKind = "visitorpass.leave"

	BatchTag   BatchKind = "follower.tag"
	BatchUntag BatchKind = "follower.untag"

	BatchImportHouses    BatchKind = "house.import"
	BatchImportResidents BatchKind = "resident.import"
	BatchImportStaff     BatchKind = "staff.import"
	BatchImportMembers   BatchKind = "member.import"
	BatchImportBlocks    BatchKind = "visitorblock.import"
	BatchImportReaders   BatchKind = "reader.import"
	BatchArrears         BatchKind = "house.arrears"

	BatchHouseRename BatchKind = "house.rename"
	BatchHouseMove   BatchKind = "house.move"
	BatchHouseMerge  BatchKind = "house.merge"

	BatchTransfer BatchKind = "house.transfer"
)

// BatchType describes a kind of batch.
type BatchType struct {
	Kind       BatchKind
	Label      string
	Permission Permission // of the act, and so of taking it back
	Stem       string     // of the things that it changes
	Unit       string     // a thing of it, counted: 套房屋
	Undo       string     // what taking it back does
	Kept       string     // what of it is kept
}

// BatchTypes are all kinds of batches, in menu order.
var BatchTypes = []BatchType{
	{
		BatchHouses, "生成房屋", PermHouseEdit, "house", "套房屋", "删除这次生成的房屋，空出来的楼栋和单元一并删除。",
		"已有住户、出入记录、访客、出门条或限制的，以及之后改过的房屋保留。",
	},
	{
		BatchResidents, "批量添加住户", PermResidentEdit, "resident", "名住户", "删除这次添加的住户；原来已迁出、这次重新添加的，恢复为已迁出。",
		"已有出入记录、访客、出门条或卡码的，以及之后改过、认证过的住户保留。",
	},
	{
		BatchImportHouses, "导入房屋", PermHouseEdit, "house", "套房屋", "删除这次导入的房屋，空出来的楼栋和单元一并删除。",
		"已有住户、出入记录、访客、出门条或限制的，以及之后改过的房屋保留。",
	},
	{
		BatchImportResidents, "导入住户", PermResidentEdit, "resident", "名住户", "删除这次添加的住户，这次修改的恢复为导入前的内容。",
		"已有出入记录、访客、出门条或卡码的，以及之后改过、认证过的住户保留。",
	},
	{
		BatchImportStaff, "导入员工", PermStaffEdit, "staff", "名员工", "删除这次添加的员工，这次修改的恢复为导入前的内容，空出来的新部门一并删除。",
		"之后改过的，以及已关联后台账号的员工保留。",
	},
	{
		BatchImportMembers, "导入机构成员", PermInstitutionEdit, "member", "名成员",
		"删除这次添加的成员和他们的通行证，这次修改的恢复为导入前的内容。", "之后改过的，以及已有出入记录的成员保留。",
	},
	{
		BatchImportBlocks, "导入访客黑名单", PermVisitorBlockEdit, "visitorblock", "条",
		"这次新加入的移出黑名单，原来就在的恢复原来的原因和期限。", "之后又改过的不变。",
	},
	{
		BatchImportReaders, "导入门禁读头", PermReaderEdit, "reader", "台读头", "删除这次添加的读头和它们的密钥。",
		"之后改过的，以及已经接入的读头保留。",
	},
	{
		BatchArrears, "导入欠费", PermHouseEdit, "house", "套房屋", "欠费和备注恢复为导入前的内容。", "之后又改过的房屋不变。",
	},
	{
		BatchHouseRename, "楼栋改名", PermHouseEdit, "house", "项", "楼栋和它下面的房屋恢复原来的名称。",
		"其中任何一项之后又改过的，整次不能撤销。",
	},
	{
		BatchHouseMove, "移动楼栋", PermHouseEdit, "house", "项", "楼栋和它下面的房屋回到原来的位置。",
		"其中任何一项之后又改过的，整次不能撤销。",
	},
	{
		BatchHouseMerge, "合并房屋", PermHouseEdit, "house", "项", "分开为合并前的楼栋和房屋，住户、限制、读头和申请都回到原处。",
		"其中任何一项之后又改过的，整次不能撤销；合并后添加的住户和产生的记录留在合并后的房屋。",
	},
	{
		BatchTransfer, "房屋过户", PermResidentEdit, "resident", "名住户", "原业主和这次迁出的住户恢复居住，新业主恢复为过户前的登记。",
		"其中任何一人之后又改过、认证过，或有出入记录、访客、出门条、卡码的，整次不能撤销。",
	},
	{
		BatchMoveOut, "住户迁出", PermResidentEdit, "resident", "名住户", "恢复居住，认证和通行证恢复为迁出前的状态。",
		"之后重新添加过的住户不变。",
	},
	{
		BatchRestrict, "限制出入", PermRestrictionEdit, "house", "套房屋", "恢复为设置前的状态：原来没有限制的解除，原来有限制的换回原来的。",
		"之后又设置或解除过的房屋不变。",
	},
	{
		BatchLift, "解除限制", PermRestrictionEdit, "house", "套房屋", "恢复解除前的限制，次数、原因和截止日期都不变。",
		"之后又设置过限制的房屋不变。",
	},
	{
		BatchRenew, "成员续期", PermInstitutionEdit, "member", "名成员", "有效期恢复为续期前的日期。", "之后又改过的成员不变。",
	},
	{
		BatchVisitLeave, "登记已离开", PermVisitorPassEdit, "visitorpass", "位访客", "恢复为在场，离开的次数和时间恢复为登记前的。", "之后又出过门的访客不变。",
	},
	{
		BatchExits, "撤销出门条", PermExitSlipEdit, "exitslip", "张出门条", "恢复为撤销前的状态，没有放行的物品又可以出门。",
		"已过保留期的出门条不变。",
	},
	{
		BatchReaderQR, "接受二维码", PermReaderEdit, "reader", "台读头", "接受二维码恢复为原来的开或关。",
		"之后改过的读头不变。",
	},
	{
		BatchReaderPermit, "修改门禁权限", PermReaderEdit, "reader", "台读头", "接受二维码、接受的通行证和服务范围恢复为原来的。",
		"之后改过的读头，以及原来服务的楼栋已拆除的读头不变。",
	},
	{
		BatchAlerts, "处理告警", PermAccessAlertHandle, "accessalert", "条告警", "恢复为待处理，处理情况一并清除。",
		"之后又出现了同样告警的不变。",
	},
	{
		BatchCalls, "电话联系", PermMessageCall, "message", "条提醒", "恢复为未触达，联系人和备注一并清除。", "已过保留期的提醒不变。",
	},
	{
		BatchBlocks, "加入黑名单", PermVisitorBlockEdit, "visitorblock", "条", "这次新加入的移出黑名单，原来就在的恢复原来的原因和期限。",
		"之后又改过的不变，已移出的不再加回。",
	},
	{
		BatchTag, "打标签", PermFollowerEdit, "follower", "名用户", "移除这次打上的标签，微信里同时移除。",
		"标签已经不在的，以及已取消关注的用户不变。",
	},
	{
		BatchUntag, "移除标签", PermFollowerEdit, "follower", "名用户", "重新打上这次移除的标签，微信里同时打上。",
		"又有了这个标签的，以及已取消关注的用户不变；标签已删除的不能撤销。",
	},
}

// Type returns the kind's description; ok reports whether there is such a kind.
func (k BatchKind) Type() (t BatchType, ok bool) {
	at := slices.IndexFunc(BatchTypes, func(t BatchType) bool { return t.Kind == k })
	if at < 0 {
		return BatchType{}, false
	}
	return BatchTypes[at], true
}

// Valid reports whether the kind is one of BatchTypes.
func (k BatchKind) Valid() bool {
	_, ok := k.Type()
	return ok
}

// Label returns the kind in Chinese, or the kind itself if it is unknown.
func (k BatchKind) Label() string {
	if t, ok := k.Type(); ok {
		return t.Label
	}
	return string(k)
}

// Batch is one act upon several things, kept with what each was, so that it can be taken back
// 撤销本次.
type Batch struct {
	ID, Community ID
	Kind          BatchKind
	By            Actor
	Created       time.Time
	Size          int // things that it changed

	Undone, Kept int       // of them taken back, and of them kept as they were changed since
	Begun        time.Time // when taking back began; zero = never
	Ended        time.Time // when it ended; zero = not yet
	UndoneBy     string
}

// Left returns the number of things that nobody has tried to take back.
func (b Batch) Left() int { return b.Size - b.Undone - b.Kept }

// BatchState is how far a batch has been taken back.
type BatchState string

// The states.
const (
	BatchDone    BatchState = "done"    // never taken back
	BatchUndoing BatchState = "undoing" // begun, and not ended: a server was stopped meanwhile
	BatchUndone  BatchState = "undone"  // wholly
	BatchPartly  BatchState = "partly"  // but for what was changed since
	BatchKept    BatchState = "kept"    // not at all: everything was changed since
)

// Label returns the state in Chinese.
func (s BatchState) Label() string {
	return map[BatchState]string{
		BatchDone: "已生效", BatchUndoing: "撤销未完成", BatchUndone: "已撤销", BatchPartly: "部分已撤销",
		BatchKept: "没有可撤销的",
	}[s]
}

// State returns how far the batch has been taken back.
func (b Batch) State() BatchState {
	switch {
	case b.Begun.IsZero():
		return BatchDone
	case b.Ended.IsZero():
		return BatchUndoing
	case b.Kept == 0:
		return BatchUndone
	case b.Undone == 0:
		return BatchKept
	}
	return BatchPartly
}

// BatchItemState is what became of one thing when its batch was taken back.
type BatchItemState string

// The states of an item.
const (
	BatchItemDone   BatchItemState = "done"   // not taken back
	BatchItemUndone BatchItemState = "undone" // as it was before the batch
	BatchItemKept   BatchItemState = "kept"   // left as it is, since it was changed after the batch
)

// BatchWhy is why a thing was kept.
type BatchWhy string

// The reasons.
const (
	BatchChanged BatchWhy = "changed" // by a later act
	BatchGone    BatchWhy = "gone"    // it was deleted
	BatchForeign BatchWhy = "foreign" // it concerns communities out of scope, too
	BatchLived   BatchWhy = "lived"   // people live or lived there
	BatchRecords BatchWhy = "records" // access records name it
	BatchBarred  BatchWhy = "barred"  // it is restricted
	BatchPlanned BatchWhy = "planned" // a transfer of it is planned
	BatchApplied BatchWhy = "applied" // an application for it waits
	BatchVisited BatchWhy = "visited" // visitors applied for it, or were invited
	BatchSlips   BatchWhy = "slips"   // exit slips were applied for, or issued
	BatchCarded  BatchWhy = "carded"  // a card was issued
	BatchAided   BatchWhy = "aided"   // an emergency was declared, or the household let them out
	BatchTaken   BatchWhy = "taken"   // another is in its place
	BatchRaised  BatchWhy = "raised"  // the same was raised again after it
	BatchLeft    BatchWhy = "left"    // they follow no more
	BatchNoTag   BatchWhy = "no_tag"  // the tag was deleted
	BatchHeard   BatchWhy = "heard"   // the device has called
	BatchHeld    BatchWhy = "held"    // another thing of the same act was changed, and the act is taken back as a whole
)

// Label returns the reason in Chinese.
func (w BatchWhy) Label() string {
	return map[BatchWhy]string{
		BatchChanged: "之后又改过", BatchGone: "已删除", BatchForeign: "涉及您管理范围以外的小区", BatchLived: "有住户（包括已迁出的）", BatchRecords: "有出入记录",
		BatchBarred: "正被限制出入", BatchTaken: "已有另一个在用", BatchRaised: "之后又出现了同样的告警",
		BatchHeld: "同一次操作里有人之后又改过", BatchPlanned: "已安排过户", BatchApplied: "有待审核的申请",
		BatchVisited: "有访客的申请或通行证", BatchSlips: "有出门条", BatchCarded: "发放过卡码", BatchAided: "登记过紧急出门或家人代办出门",
		BatchLeft: "已取消关注", BatchNoTag: "标签已删除", BatchHeard: "设备已接入",
	}[w]
}

// BatchItem is one thing that a batch changed.
type BatchItem struct {
	Thing         ID
	Stem          string // what it is
	Name          string // at present; "" = it is gone
	Before, After string // JSON of what it was and what it became; "" = nothing. Of people it is left out
	Was, Became   string // of people: the same, in words that tell no more than their state
	State         BatchItemState
	Why           BatchWhy  // it was kept
	Who           string    // who changed it after the batch; "" = unknown
	At            time.Time // when; zero = unknown
}

// StayText returns in words whether a person lives in a house.
func StayText(movedOut, certified bool) string {
	switch {
	case movedOut:
		return "已迁出"
	case certified:
		return "居住，已认证"
	}
	return "居住，未认证"
}

// Changes returns what the batch changed of the thing: the fields that the audit log has words for.
func (i BatchItem) Changes(kind BatchKind) []AuditChange {
	changes := AuditRecord{Action: string(kind), Before: i.Before, After: i.After}.Changes()
	fields, _ := FeatureOf(StemOf(string(kind)))
	return slices.DeleteFunc(changes, func(c AuditChange) bool {
		return !slices.ContainsFunc(fields.Fields, func(f AuditField) bool { return f.Label == c.Label })
	})
}

// batchFields label what the audit log records of taking a batch back.
var batchFields = []AuditField{
	{Key: "kind", Label: "操作", Value: labelOf(BatchKind.Label)},
	{Key: "undone", Label: "撤销"},
	{Key: "kept", Label: "保留"},
	{Key: "left", Label: "还没有撤销"},
}

// batchField is for acts that are batches: the batch's id.
var batchField = AuditField{Key: "batch", Label: "批次"}

// Batch returns the id of the batch that an act of the audit log wrote; 0 = none.
func (r AuditRecord) Batch() ID {
	var objects [2]map[string]any
	for i, text := range []string{r.After, r.Before} {
		if strings.Contains(text, `"batch"`) { // most have none, and need not be parsed
			objects[i], _ = auditObject(text)
		}
	}
	return r.batchOf(objects[:]...)
}

// batchOf is Batch of texts that are parsed.
func (r AuditRecord) batchOf(objects ...map[string]any) ID {
	for _, object := range objects {
		if id, err := ParseID(textOf(object[batchField.Key])); err == nil {
			return id
		}
	}
	if stem, id := TargetOf(r.Target); stem == "batch" {
		return id
	}
	return 0
}

func textOf(value any) string {
	text, _ := value.(string)
	return text
}
