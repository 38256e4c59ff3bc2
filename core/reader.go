package core

import "time"

// Reader protocols; see package gate.
const (
	ProtocolVguang   = "vguang"
	ProtocolMcardsea = "mcardsea"
)

// Reader is a door reader 门禁读头.
type Reader struct {
	ID               ID
	Community        ID
	Name             string
	Gate             string // the door it opens, in words
	Protocol         string
	Serial           string // what the device calls itself
	Direction        Direction
	ScopeNodes       []ID // building nodes whose houses it serves; none = all of the community
	Kinds            []PassKind
	Thermometer      bool
	QRAllowed        bool   // 权限管理: 门禁二维码
	DenyCode         string // vguang: what refuses on this firmware
	HeartbeatText    string // vguang: the heartbeat's text
	HeartbeatSeconds int
	Firmware         string
	Skew             time.Duration // the device's clock minus ours, last seen
	LastSeen         time.Time
	Disabled         time.Time
}

// ReaderState is a reader's presence.
type ReaderState string

const (
	ReaderNever   ReaderState = "never"   // 从未上线
	ReaderOnline  ReaderState = "online"  // 在线
	ReaderStale   ReaderState = "stale"   // 可能离线: more than 2.5 heartbeats silent
	ReaderOffline ReaderState = "offline" // 离线: more than ten
)

// State tells the presence at now from the last call and the heartbeat.
func (r Reader) State(now time.Time) ReaderState {
	beat := time.Duration(max(r.HeartbeatSeconds, 30)) * time.Second
	silent := now.Sub(r.LastSeen)
	switch {
	case r.LastSeen.IsZero():
		return ReaderNever
	case silent <= beat*5/2:
		return ReaderOnline
	case silent <= beat*10:
		return ReaderStale
	}
	return ReaderOffline
}
