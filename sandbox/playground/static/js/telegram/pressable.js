/** Buttons that must flow with the text around them, which the element `button` cannot. */

/** Makes an inline element a button: by pointer, Enter and the space bar. */
export function pressable(element, action) {
  element.setAttribute("role", "button");
  element.tabIndex = 0;
  element.addEventListener("click", action);
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    action(event);
  });
  return element;
}
