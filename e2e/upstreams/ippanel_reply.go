package upstreams

import "net/http"

// The texts of IPPanel confirm_otp.
const (
	ippanelDone  = `انجام شد`
	ippanelWrong = `اطلاعات وارد شده صحیح نمی باشد`
)

// ippanelRequired is the text about a missing field.
func ippanelRequired(field string) string {
	return `تکمیل گزینه ` + field + ` الزامی است`
}

// ippanelMeta is the second half of every reply. Errors stands in it only where the document shows
// it: in errors, as an object even when it is empty.
type ippanelMeta struct {
	Status     bool        `json:"status"`
	Message    string      `json:"message"`
	Parameters []string    `json:"message_parameters"`
	Code       string      `json:"message_code"`
	Errors     fieldErrors `json:"errors,omitzero"`
}

// missingFields lists which of these fields are absent or empty.
func missingFields(texts map[string]string, names ...string) fieldErrors {
	var missing fieldErrors
	for _, name := range names {
		if texts[name] == "" {
			missing = append(missing, fieldError{name, ippanelRequired(name)})
		}
	}
	return missing
}

// ippanelSuccess is the shape of every success.
func ippanelSuccess(data any) Reply {
	return jsonReply(http.StatusOK, struct {
		Data any         `json:"data"`
		Meta ippanelMeta `json:"meta"`
	}{data, ippanelMeta{Status: true, Message: ippanelDone, Parameters: []string{}, Code: "200-1"}})
}

// ippanelToken is the reply of the three steps of a login.
func ippanelToken(token, method string) Reply {
	return ippanelSuccess(struct {
		Token  string `json:"token"`
		Method string `json:"method"`
	}{token, method})
}

// ippanelUser is the reply of check_token, by the vendor's public pages.
func ippanelUser(u PanelUser) Reply {
	return ippanelSuccess(struct {
		UserName      string `json:"user_name"`
		UserID        int64  `json:"user_id"`
		DocumentBlock bool   `json:"document_block"`
		Reseller      bool   `json:"is_reseller"`
		SendBlock     bool   `json:"send_block"`
		Name          string `json:"name"`
	}{u.UserName, u.UserID, u.DocumentBlock, u.Reseller, u.SendBlock, u.Name})
}

// ippanelError is the documented shape of an error. The HTTP status and the code disagree in it: the
// document gives only the code, the vendor's public pages add the status.
func ippanelError(status int, code, message string, errors fieldErrors) Reply {
	if errors == nil {
		errors = fieldErrors{}
	}
	return jsonReply(status, struct {
		Data any         `json:"data"`
		Meta ippanelMeta `json:"meta"`
	}{nil, ippanelMeta{Message: message, Parameters: []string{}, Code: code, Errors: errors}})
}

// ippanelWrongOrExpired is the answer to a token or one-time password that is wrong, used or ended.
func ippanelWrongOrExpired() Reply {
	return ippanelError(http.StatusUnauthorized, "400-1", ippanelWrong, nil)
}

// ippanelIncomplete is the answer to a request without all of its fields; its message is the first
// field's.
func ippanelIncomplete(missing fieldErrors) Reply {
	return ippanelError(http.StatusUnprocessableEntity, "400-2", missing[0].text, missing)
}

// ippanelLoginFailed is the answer to a failed login: without data, its errors at the top, by the
// vendor's public pages.
func ippanelLoginFailed(errors fieldErrors) Reply {
	return jsonReply(http.StatusUnprocessableEntity, struct {
		Errors fieldErrors `json:"errors"`
		Meta   ippanelMeta `json:"meta"`
	}{errors, ippanelMeta{Message: errors[0].text, Parameters: []string{}, Code: "422-1"}})
}
