package core

import "strconv"

// MessageReport is what a platform says later of a message that it had accepted.
type MessageReport struct {
	AppID  string // the account that sent it
	ID     string // the platform's, of the message
	State  AttemptState
	Reason MessageReason
	Code   string // the platform's, with Reason
}

// SubscribeReport returns what became of a subscribe message by the code of its subscribe_msg_sent_event; 0 = it was
// delivered.
func SubscribeReport(appID, id string, code int) MessageReport {
	r := MessageReport{AppID: appID, ID: id, State: AttemptDelivered}
	if code == 0 {
		return r
	}
	r.State, r.Reason, r.Code = AttemptFailed, WhyPlatform, strconv.Itoa(code)
	if WechatAnswer(ChannelSubscribe, code) == AnswerNoGrant {
		r.State, r.Reason = AttemptRefused, WhyNoGrant
	}
	return r
}
