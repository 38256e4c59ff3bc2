package core

import "time"

// Observer is an outsider who may look at communities' access records 观察员.
type Observer struct {
	ID          ID
	Name        string
	Capacity    string // 身份: as what they observe
	Phone       string // masked
	MayExport   bool
	User        ID // bound WeChat user; 0 = not yet
	Communities []ID
	Removed     time.Time
}

// Kinds of a bind ticket: whom the scan of a parametric QR binds.
const (
	BindObserver = "observer"
	BindGuard    = "guard"
	BindAccount  = "account"
)
