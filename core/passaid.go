package core

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// What a household may say of the next exit of a pass.
const (
	PassAidLife   = 10 * time.Minute // for how long it is good
	MaxUrgentWord = 60               // characters of a reason
)

// UrgentReasons are the usual reasons of residents for an emergency.
func UrgentReasons() []string {
	return []string{"就医急诊", "火灾避险", "照看老人小孩", "其他紧急情况"}
}

// CheckUrgentReason returns a reason in its stored form.
func CheckUrgentReason(reason string) (string, error) {
	reason = Clean(reason)
	if n := utf8.RuneCountInString(reason); n == 0 || n > MaxUrgentWord {
		return reason, InvalidFields(map[string]string{"reason": fmt.Sprintf("请写明原因，最多 %d 个字", MaxUrgentWord)})
	}
	return reason, nil
}
