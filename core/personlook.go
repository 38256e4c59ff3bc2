package core

import "encoding/json"

// LookText returns in Chinese what somebody looked at, by the name of the act; "" if it is no look.
func LookText(action string) string {
	switch action {
	case "resident.reveal":
		return "完整手机号与证件号"
	case "photo.view":
		return "证件或人脸照片"
	case "accessrecord.look":
		return "出入记录"
	}
	return ""
}

// LookerKind is as what somebody looks at data of a resident.
type LookerKind string

// The kinds.
const (
	LookOffice   LookerKind = "office"
	LookGuard    LookerKind = "guard"
	LookObserver LookerKind = "observer"
)

// Label returns the kind in Chinese.
func (k LookerKind) Label() string {
	switch k {
	case LookOffice:
		return "物业"
	case LookGuard:
		return "门岗"
	case LookObserver:
		return "观察员"
	}
	return string(k)
}

// Looker is somebody who looks at data of residents.
type Looker struct {
	Actor

	As       LookerKind
	Capacity string // of an observer
}

// LookerText returns in Chinese who looked: as what, and the family name of those who have one.
func LookerText(r AuditRecord) string {
	var made struct {
		As       LookerKind `json:"as"`
		Capacity string     `json:"capacity"`
	}
	if json.Unmarshal([]byte(r.After), &made) != nil || made.As == "" { // numbers and pictures, at which observers cannot look
		switch r.Actor.Kind {
		case ActorAccount:
			made.As = LookOffice
		case ActorWechat, ActorStaff:
			made.As = LookGuard
		default:
			return r.Actor.Kind.Label()
		}
	}
	words := made.As.Label()
	if made.Capacity != "" {
		words += "（" + made.Capacity + "）"
	}
	return words + " " + MaskName(r.Actor.Name)
}
