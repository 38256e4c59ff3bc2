package core

import "time"

// VisitorPoster is a poster with a QR code 访客海报: it leads to where visitors apply, and says at which gate it hangs.
type VisitorPoster struct {
	ID        ID
	Community ID
	Post      ID     // the guard post at which it hangs; 0 = anywhere in the community
	Gate      string // the post's name; "" = anywhere
	Code      string // everybody can read it there
	Created   time.Time
	Revoked   time.Time // zero = it leads to the application
}

// Words returns where it hangs.
func (p VisitorPoster) Words() string {
	if p.Gate == "" {
		return "全小区"
	}
	return p.Gate
}

// MaxVisitorPosters bounds the posters of a community that lead somewhere.
const MaxVisitorPosters = 50

// visitorPosterFields label what the audit log records of a poster.
var visitorPosterFields = []AuditField{{Key: "gate", Label: "张贴位置"}, {Key: "revoked", Label: "已停用"}}
